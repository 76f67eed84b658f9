//===- AllocationTest.cpp - Calls that do not allocate --------------------===//
//
// Counts operator new, which is what the runtime's own containers use, and the
// process's mappings, from which workspaces come.
//
//===----------------------------------------------------------------------===//
#include "FakeModel.h"
#include "FakeWeights.h"
#include "attune/Runtime/Model.h"

#include <algorithm>
#include <atomic>
#include <gtest/gtest.h>
#include <new>
#include <stdlib.h>

#ifdef ATTUNE_SEALED // Sanitizers have an operator new of their own.

static std::atomic<long> allocations{0};

void *operator new(size_t bytes) {
  ++allocations;
  void *memory = malloc(bytes ? bytes : 1);
  if (!memory)
    abort();
  return memory;
}
void operator delete(void *memory) noexcept { free(memory); }
void operator delete(void *memory, size_t) noexcept { free(memory); }

namespace {

using namespace attune::test;

/// Mappings of this process.
long mappings() {
  std::string text = readFile("/proc/self/maps");
  return std::count(text.begin(), text.end(), '\n');
}

TEST(Allocation, NoneInACallAfterReserve) {
  TemporaryFolder folder;
  std::vector<char> bytes = fakeWeights();
  std::string path = folder.write("w", bytes.data(), bytes.size());
  attune_options options = ATTUNE_OPTIONS_INIT;
  options.weights_path = path.c_str();
  options.threads = 3;
  attune_model *model;
  ASSERT_EQ(attune_create(&attune_model_descriptor, nullptr, &options, &model),
            ATTUNE_OK);
  int64_t dims[2] = {16, FAKE_MAX_LENGTH};
  ASSERT_EQ(attune_reserve(model, dims, 2), ATTUNE_OK);
  std::vector<int64_t> ids(16 * FAKE_MAX_LENGTH, 7);
  std::vector<float> embedding(16 * FAKE_HIDDEN);
  readFile("/proc/self/maps");
  long mapped = mappings(), allocated = allocations;
  bool ok = true;
  for (int64_t batch : {1, 16, 3})
    for (int64_t length : {64, 1, 17}) {
      attune_tensor in = {"input_ids",     ATTUNE_I64, 2,
                          {batch, length}, ids.data(), 0};
      attune_tensor out = {
          "embedding", ATTUNE_F32,       0,
          {},          embedding.data(), embedding.size() * sizeof(float)};
      ok &= attune_forward(model, &in, 1, &out, 1, nullptr, 0) == ATTUNE_OK;
    }
  EXPECT_EQ(allocations, allocated);
  EXPECT_EQ(mappings(), mapped);
  EXPECT_TRUE(ok) << attune_error();
  attune_destroy(model);
}

} // namespace

#endif // ATTUNE_SEALED
