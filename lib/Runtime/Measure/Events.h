//===- Events.h - What a measuring program prints ---------------*- C++ -*-===//
//
// JSON objects, one a line, each written at once, so that whoever reads them
// knows what was going on when the program was ended by what it measures.
//
//   {"attune_measure": 1, "codes": 4}            it has started
//   {"begin": 2}                                 code 2 is about to run
//   {"result": 2, "status": "wrong", ...}        all that is known of code 2
//   {"crash": 2, "signal": 11}                   code 2 ended the program
//   {"timeout": 2}                               code 2 did not come back
//   {"failed": "this CPU lacks AVX-512"}         nothing can be measured
//   {"end": true}                                no more results will come
//
// Crashes and time-outs that the program notices end it with status 0: it has
// said what there is to say.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_RUNTIME_MEASURE_EVENTS_H
#define ATTUNE_LIB_RUNTIME_MEASURE_EVENTS_H

#include <cstdint>
#include <string>
#include <string_view>

namespace attune::measure {

/// What is known of one code in the end.
struct CodeResult {
  int64_t code = 0;
  /// Why its results are not used; empty: it is right.
  std::string wrong;
  double error = 0; ///< largest difference to the reference's results
  int64_t samples = 0;
  double min = 0, quartile1 = 0, median = 0, quartile3 = 0; ///< milliseconds
  double speedup = 0;
};

void printStart(int64_t codes);
void printResult(const CodeResult &result);
void printFailure(std::string_view message);
void printEnd();

/// Tells of a code that is running: prints that it begins, and until the end
/// of the scope takes fatal signals and the end of `seconds` for its doing.
class InFlight {
public:
  InFlight(int64_t code, double seconds);
  ~InFlight();
  InFlight(const InFlight &) = delete;
  InFlight &operator=(const InFlight &) = delete;
};

} // namespace attune::measure

#endif // ATTUNE_LIB_RUNTIME_MEASURE_EVENTS_H
