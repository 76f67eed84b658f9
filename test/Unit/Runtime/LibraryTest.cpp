//===- LibraryTest.cpp - A shared library as the compiler emits it --------===//
#include "fake.h"

#include "FakeModel.h"
#include "FakeWeights.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

using namespace attune::test;

namespace {

/// A copy of the library in a folder of its own.
class LibraryTest : public testing::Test {
protected:
  void SetUp() override {
    std::string bytes = readFile(ATTUNE_FAKE_LIBRARY);
    ASSERT_FALSE(bytes.empty()) << ATTUNE_FAKE_LIBRARY;
    std::string path = folder.write("libfake.so", bytes.data(), bytes.size());
    library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    ASSERT_TRUE(library) << dlerror();
  }

  void TearDown() override {
    if (library)
      dlclose(library);
  }

  template <typename F> F *find(const char *name, F *) {
    return reinterpret_cast<F *>(dlsym(library, name));
  }

  TemporaryFolder folder;
  void *library = nullptr;
};

TEST_F(LibraryTest, FindsTheWeightsBesideItself) {
  auto *create = find("fake_create", fake_create);
  auto *error = find("fake_error", fake_error);
  auto *forward = find("fake_forward", fake_forward);
  auto *destroy = find("fake_destroy", fake_destroy);
  ASSERT_TRUE(create && error && forward && destroy);
  attune_model *model;
  EXPECT_EQ(create(nullptr, &model), ATTUNE_BAD_FILE);
  EXPECT_NE(std::string(error()).find(folder.file("fake.weights")),
            std::string::npos)
      << error();
  std::vector<char> bytes = fakeWeights();
  folder.write("fake.weights", bytes.data(), bytes.size());
  ASSERT_EQ(create(nullptr, &model), ATTUNE_OK) << error();
  int64_t ids[] = {4, 4};
  float embedding[FAKE_HIDDEN];
  attune_tensor in = {"input_ids", ATTUNE_I64, 2, {1, 2}, ids, sizeof ids};
  attune_tensor out = {"embedding",      ATTUNE_F32, 2,
                       {1, FAKE_HIDDEN}, embedding,  0};
  ASSERT_EQ(forward(model, &in, 1, &out, 1, nullptr, 0), ATTUNE_OK) << error();
  EXPECT_FLOAT_EQ(embedding[1], tableValue(4, 1) + 0.5f);
  destroy(model);
}

TEST_F(LibraryTest, ShowsItsOwnFunctionsAlone) {
#define ATTUNE_FORWARDER(SUFFIX, ADDS, RESULT, PARAMETERS, NEEDS)              \
  EXPECT_TRUE(dlsym(library, "fake_" #SUFFIX)) << #SUFFIX;                     \
  EXPECT_FALSE(dlsym(library, "attune_" #SUFFIX)) << #SUFFIX;
#include "attune/Runtime/Forwarders.def"
  EXPECT_FALSE(dlsym(library, "utf8proc_version"));
}

} // namespace
