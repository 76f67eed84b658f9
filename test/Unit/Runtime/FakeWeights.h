//===- FakeWeights.h - The weights of the fake model ------------*- C++ -*-===//
#ifndef ATTUNE_TEST_FAKEWEIGHTS_H
#define ATTUNE_TEST_FAKEWEIGHTS_H

#include <cstdint>
#include <string>
#include <vector>

namespace attune::test {

/// Entry of the table in the weights.
float tableValue(int64_t id, int64_t column);

/// The weights file: header, table, and a WordPiece tokenizer of [PAD] [UNK]
/// [CLS] [SEP], a to z (ids from 4) and ##a to ##z (ids from 30).
std::vector<char> fakeWeights();

/// A folder that is removed with all its files at the end of a scope.
class TemporaryFolder {
public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;

  /// The path of a file in it.
  std::string file(const std::string &name) const { return path + "/" + name; }

  /// Writes a file and returns its path.
  std::string write(const std::string &name, const void *data,
                    size_t bytes) const;

  /// The names of its files, sorted.
  std::vector<std::string> names() const;

  std::string path;
};

/// The whole contents of a file, "" when there is none.
std::string readFile(const std::string &path);

} // namespace attune::test

#endif // ATTUNE_TEST_FAKEWEIGHTS_H
