//===- RenderFakeHeader.cpp - Writes the header that the tests include ----===//
#include "FakeModel.h"
#include "attune/Runtime/Files.h"
#include "attune/Runtime/Header.h"

#include <cstdio>

int main(int argc, char **argv) {
  std::string text =
      attune::rt::renderHeader(attune_model_descriptor, "fake", "fake.weights");
  std::string error = "usage: render-fake-header FILE";
  if (argc == 2 &&
      attune::rt::writeFile(argv[1], text.data(), text.size(), error))
    return 0;
  fprintf(stderr, "error: %s\n", error.c_str());
  return 1;
}
