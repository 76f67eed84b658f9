//===- ProgramTest.cpp - The subcommands of a generated program -----------===//
//
// Runs a real program: the hand-made model linked with the sealed archives, its
// weights appended as the compiler appends them.
//
//===----------------------------------------------------------------------===//
#include "FakeModel.h"
#include "FakeWeights.h"
#include "attune/Runtime/Npy.h"

#include <cstring>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

using namespace attune::test;
using namespace attune::rt;

extern char **environ;

namespace {

struct Result {
  int status;
  std::string out, err;
};

class ProgramTest : public testing::Test {
protected:
  void SetUp() override {
    std::string bytes = readFile(ATTUNE_FAKE_MODEL);
    ASSERT_FALSE(bytes.empty()) << ATTUNE_FAKE_MODEL;
    bytes.resize((bytes.size() + 4095) / 4096 * 4096);
    AttuneWeightsTrailer trailer = {};
    memcpy(trailer.magic, ATTUNE_TRAILER_MAGIC, sizeof trailer.magic);
    std::vector<char> weights = fakeWeights();
    trailer.offset = bytes.size();
    trailer.bytes = weights.size();
    bytes.append(weights.begin(), weights.end());
    bytes.append(reinterpret_cast<char *>(&trailer), sizeof trailer);
    program = folder.write("fake", bytes.data(), bytes.size());
    chmod(program.c_str(), 0755);
  }

  /// Runs the program with these arguments and this standard input.
  Result run(std::vector<std::string> arguments, std::string input = "",
             std::vector<std::string> environment = {}) {
    std::string in = folder.write("stdin", input.data(), input.size());
    std::string out = folder.file("stdout"), err = folder.file("stderr");
    arguments.insert(arguments.begin(), program);
    std::vector<char *> argv, envp;
    for (std::string &argument : arguments)
      argv.push_back(argument.data());
    argv.push_back(nullptr);
    for (std::string &variable : environment)
      envp.push_back(variable.data());
    for (char **variable = environ; *variable; ++variable)
      envp.push_back(*variable);
    envp.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, in.c_str(), O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, out.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&actions, 2, err.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
    pid_t pid = -1;
    int failed = posix_spawn(&pid, program.c_str(), &actions, nullptr,
                             argv.data(), envp.data());
    posix_spawn_file_actions_destroy(&actions);
    EXPECT_EQ(failed, 0);
    int status = -1;
    waitpid(pid, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, readFile(out),
            readFile(err)};
  }

  void expectError(std::vector<std::string> arguments, int status,
                   const std::string &part) {
    Result result = run(std::move(arguments));
    EXPECT_EQ(result.status, status) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_NE(result.err.find(part), result.err.npos) << result.err;
    EXPECT_LT(std::count(result.err.begin(), result.err.end(), '\n'), 24);
  }

  std::string writeIds(const std::string &name, std::vector<int64_t> shape,
                       std::vector<int64_t> values) {
    std::string path = folder.file(name), error;
    EXPECT_TRUE(writeNpy(path, ATTUNE_I64, shape, values.data(), error));
    return path;
  }

  TemporaryFolder folder;
  std::string program;
};

/// The embedding of a row of ids, as the model computes it.
std::vector<float> embeddingOf(std::vector<int64_t> ids) {
  std::vector<float> row;
  for (int h = 0; h < FAKE_HIDDEN; ++h) {
    float sum = 0;
    for (size_t l = 0; l < ids.size(); ++l)
      sum += tableValue(ids[l], h) + float(l);
    row.push_back(sum / float(ids.size()));
  }
  return row;
}

std::string embeddingJson(const std::vector<float> &row) {
  std::string out = "[";
  for (float value : row) {
    char text[32];
    snprintf(text, sizeof text, "%s%.9g", out == "[" ? "" : ", ",
             double(value));
    out += text;
  }
  return out + "]";
}

TEST_F(ProgramTest, EmbedJson) {
  Result result = run({"embed", "--format=json", "ab", "c \"d\"", ""});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out,
            "[\n {\"text\": \"ab\", \"token_ids\": [2, 4, 31, 3], "
            "\"embedding\": " +
                embeddingJson(embeddingOf({2, 4, 31, 3})) +
                "},\n {\"text\": \"c \\\"d\\\"\", \"token_ids\": [2, 6, 1, 7, "
                "1, 3], \"embedding\": " +
                embeddingJson(embeddingOf({2, 6, 1, 7, 1, 3})) +
                "},\n {\"text\": \"\", \"token_ids\": [2, 3], \"embedding\": " +
                embeddingJson(embeddingOf({2, 3})) + "}\n]\n");
  EXPECT_EQ(result.err, "");
}

TEST_F(ProgramTest, EmbedReadsLinesAndDoesNotMindThreadsOrBatches) {
  std::string input;
  for (int i = 0; i < 100; ++i)
    input += std::string(size_t(1 + i * 7 % 30), char('a' + i % 26)) + "\r\n";
  Result one = run({"embed", "-", "-t1", "-b1"}, input);
  ASSERT_EQ(one.status, 0) << one.err;
  EXPECT_EQ(std::count(one.out.begin(), one.out.end(), '\n'), 100);
  Result many = run({"embed", "-t", "4", "-b", "16", "-"}, input);
  ASSERT_EQ(many.status, 0) << many.err;
  EXPECT_EQ(one.out, many.out);
}

TEST_F(ProgramTest, EmbedNpyIntoAFile) {
  std::string path = folder.file("vectors.npy"), error;
  Result result = run({"embed", "--format=npy", "-o", path, "a", "bc"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, "");
  NpyArray array;
  ASSERT_TRUE(array.open(path.c_str(), error)) << error;
  EXPECT_EQ(array.shape(), (std::vector<int64_t>{2, FAKE_HIDDEN}));
  for (int h = 0; h < FAKE_HIDDEN; ++h)
    EXPECT_FLOAT_EQ(float(array.valueAt(h)), embeddingOf({2, 4, 3})[size_t(h)]);
  // The same through standard output.
  Result piped = run({"embed", "--format=npy", "a", "bc"});
  EXPECT_EQ(piped.out, readFile(path));
}

TEST_F(ProgramTest, Similarity) {
  Result result = run({"embed", "--similarity", "abc", "abc", "zz\tz"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 4);
  EXPECT_NE(result.out.find("1.000  1.000"), result.out.npos) << result.out;
  EXPECT_NE(result.out.find("zz z"), result.out.npos) << result.out;
  result = run({"embed", "--similarity", "--format=json", "abc", "abc"});
  EXPECT_EQ(result.out, "{\"texts\": [\"abc\", \"abc\"],\n \"similarity\": "
                        "[\n  [1, 1],\n  [1, 1]]}\n");
}

TEST_F(ProgramTest, EmbedCutsLongTexts) {
  std::string words;
  for (int i = 0; i < 500; ++i)
    words += "a ";
  Result result = run({"tokenize", words});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), ' '),
            FAKE_MAX_LENGTH - 1);
  EXPECT_EQ(run({"embed", words}).status, 0);
  EXPECT_EQ(run({"tokenize", "--max-length=4", words}).out, "2 4 4 3\n");
}

TEST_F(ProgramTest, TokenizeJsonAndBrokenUtf8) {
  Result result = run({"tokenize", "--format=json", "ab\xff"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("\"text\": \"ab\xef\xbf\xbd\""), result.out.npos)
      << result.out;
  EXPECT_NE(result.out.find("\"tokens\": [\"[CLS]\", "), result.out.npos)
      << result.out;
}

TEST_F(ProgramTest, RunWritesAndCompares) {
  std::string ids = writeIds("ids.npy", {1, 3}, {4, 5, 6}), error;
  std::string out = folder.file("out.npy"), hidden = folder.file("hidden.npy");
  Result result =
      run({"run", "--input=input_ids=@" + ids, "--output=embedding=@" + out,
           "--output=last_hidden_state=@" + hidden, "--threads=2"});
  ASSERT_EQ(result.status, 0) << result.err;
  NpyArray array;
  ASSERT_TRUE(array.open(out.c_str(), error)) << error;
  for (int h = 0; h < FAKE_HIDDEN; ++h)
    EXPECT_FLOAT_EQ(float(array.valueAt(h)), embeddingOf({4, 5, 6})[size_t(h)]);
  ASSERT_TRUE(array.open(hidden.c_str(), error)) << error;
  EXPECT_EQ(array.shape(), (std::vector<int64_t>{1, 3, FAKE_HIDDEN}));
  result = run({"run", "--input=input_ids=@" + ids,
                "--expected=embedding=@" + out, "--rtol=0", "--atol=0"});
  EXPECT_EQ(result.status, 0);
  EXPECT_NE(result.err.find("largest difference 0 "), result.err.npos)
      << result.err;
  std::vector<float> changed = embeddingOf({4, 5, 6});
  changed[2] += 0.25f;
  ASSERT_TRUE(
      writeNpy(out, ATTUNE_F32, {1, FAKE_HIDDEN}, changed.data(), error));
  result = run({"run", "-i", "input_ids=@" + ids, "-e", "embedding=@" + out});
  EXPECT_EQ(result.status, 4);
  EXPECT_NE(result.err.find("largest difference 0.25 at [0, 2]"),
            result.err.npos)
      << result.err;
  EXPECT_EQ(run({"run", "-i", "input_ids=@" + ids, "-e", "embedding=@" + out,
                 "--atol=0.3"})
                .status,
            0);
}

TEST_F(ProgramTest, RunSummarisesAndWidens) {
  std::vector<int32_t> narrow = {4, 5};
  std::string path = folder.file("narrow.npy"), error;
  ASSERT_TRUE(writeNpy(path, ATTUNE_I32, {1, 2}, narrow.data(), error));
  Result result = run({"run", "--input=input_ids=@" + path});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("embedding float32 [1, 4]: from "), result.out.npos)
      << result.out;
}

TEST_F(ProgramTest, RunErrors) {
  std::string ids = writeIds("ids.npy", {1, 3}, {4, 5, 6}), error;
  std::string in = "--input=input_ids=@" + ids;
  expectError({"run"}, 2, "input 'input_ids' of shape [batch, length]");
  expectError({"run", "--input=input_ids"}, 2, "expected NAME=@FILE");
  expectError({"run", "--input=inputids=@" + ids}, 2,
              "did you mean 'input_ids'?");
  expectError({"run", in, in}, 2, "twice");
  expectError({"run", "--input=input_ids=@/no/such.npy"}, 2, "/no/such.npy");
  expectError({"run", in, "--output=embedding=@/no/such/folder/x.npy"}, 2,
              "/no/such/folder/x.npy");
  expectError({"run", in, "--expected=embedding=@" + ids}, 2,
              "has shape [1, 3], output 'embedding' has [1, 4]");
  expectError({"run", in, "--rtol=much"}, 2, "--rtol is 'much'");
  expectError({"run", "--input=input_ids=@" + program}, 2, "not a .npy file");
  std::vector<float> floats(3);
  std::string wrong = folder.file("floats.npy");
  ASSERT_TRUE(writeNpy(wrong, ATTUNE_F32, {1, 3}, floats.data(), error));
  expectError({"run", "--input=input_ids=@" + wrong}, 2,
              "holds float32, input 'input_ids' takes int64");
  std::string large = writeIds("large.npy", {1, 2}, {4, 99});
  expectError({"run", "--input=input_ids=@" + large}, 2,
              "input 'input_ids' has 99 at [0, 1]");
  std::string deep = writeIds("deep.npy", {1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {4});
  expectError({"run", "--input=input_ids=@" + deep}, 2, "10 dimensions");
  std::string longRow =
      writeIds("long.npy", {1, 65}, std::vector<int64_t>(65, 4));
  expectError({"run", "--input=input_ids=@" + longRow}, 2, "takes at most 64");
  for (const std::string &name : folder.names())
    EXPECT_EQ(name.find(".tmp"), name.npos) << name;
}

TEST_F(ProgramTest, Bench) {
  Result result = run({"bench", "-b", "1,3", "-p", "2,64", "-t", "1,2", "-r",
                       "3", "-o", "json"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out.find("[\n {\"test\": \"forward\", \"batch\": 1, "
                            "\"length\": 2, \"past\": 0, \"threads\": 1, "
                            "\"runs\": 3, \"ms_median\": "),
            0u)
      << result.out;
  EXPECT_NE(result.out.find("\"batch\": 3, \"length\": 64, \"past\": 0, "
                            "\"threads\": 2, \"runs\": 3, \"ms_median\": "),
            result.out.npos)
      << result.out;
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '{'), 8);
  EXPECT_EQ(result.out.substr(result.out.size() - 4), "}\n]\n");
  result = run({"bench", "-r1"});
  EXPECT_EQ(result.status, 0);
  EXPECT_NE(result.out.find("tokens/s"), result.out.npos);
  expectError({"bench", "-p", "65"}, 2, "takes at most 64");
  expectError({"bench", "-b", "0"}, 2, "--batch is '0'");
  expectError({"bench", "-o", "xml"}, 2, "expected one of md, json");
  expectError({"bench", "now"}, 2, "takes no arguments");
}

TEST_F(ProgramTest, Info) {
  Result result = run({"info"});
  ASSERT_EQ(result.status, 0) << result.err;
  for (const char *part :
       {"fake, runtime interface", "lacking: feature 40", "in use",
        "at most 64", "token_type_ids", "[batch, length, 4]", "family"})
    EXPECT_NE(result.out.find(part), result.out.npos) << part;
  result = run({"info", "--format=json"});
  ASSERT_EQ(result.status, 0) << result.err;
  for (const char *part :
       {"\"name\": \"fake\"", "\"weight_bytes\": 16384",
        "\"shape\": [\"batch\", \"length\", 4]",
        "\"metadata\": {\"family\": \"fake\"}", "\"max\": 64"})
    EXPECT_NE(result.out.find(part), result.out.npos) << part;
}

TEST_F(ProgramTest, HelpAndVersion) {
  Result result = run({"--help"});
  EXPECT_EQ(result.status, 0);
  for (const char *command : {"embed", "run", "bench", "tokenize", "info"}) {
    EXPECT_NE(result.out.find(command), result.out.npos);
    Result help = run({command, "--help"});
    EXPECT_EQ(help.status, 0);
    EXPECT_NE(help.out.find(std::string("usage: fake ") + command),
              help.out.npos)
        << help.out;
  }
  EXPECT_EQ(run({"--version"}).out.find("fake, runtime interface"), 0u);
}

TEST_F(ProgramTest, UsageErrors) {
  Result result = run({});
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.err.find("usage: fake COMMAND"), result.err.npos);
  expectError({"embd", "x"}, 2, "unknown command 'embd': did you mean 'embed'");
  expectError({""}, 2, "unknown command ''");
  expectError({"--verson"}, 2, "unknown option '--verson'");
  expectError({"embed"}, 2, "no text was given");
  expectError({"embed", "--fromat=json", "x"}, 2, "did you mean '--format'?");
  expectError({"embed", "--format=xml", "x"}, 2,
              "expected one of text, json, npy");
  expectError({"embed", "-t", "0", "x"}, 2, "--threads is '0'");
  expectError({"embed", "x", "--output"}, 2, "needs a value");
  expectError({"embed", "x", "-o", "/no/such/folder/x"}, 2,
              "/no/such/folder/x");
  expectError({"embed", "-", "-"}, 2, "given once");
}

TEST_F(ProgramTest, WrongCpuAndWeights) {
  expectError({"embed", "x", "--cpu=future"}, 3, "lacks feature 40");
  expectError({"embed", "x", "--weights=/no/such"}, 2, "/no/such");
  Result result = run({"embed", "x"}, "", {"ATTUNE_CPU=future"});
  EXPECT_EQ(result.status, 3);
  // `info` needs neither.
  EXPECT_EQ(run({"info"}, "", {"ATTUNE_CPU=future"}).status, 0);
}

TEST_F(ProgramTest, WeightsBesideTheProgram) {
  std::string bytes = readFile(ATTUNE_FAKE_MODEL);
  program = folder.write("plain", bytes.data(), bytes.size());
  chmod(program.c_str(), 0755);
  expectError({"embed", "x"}, 2, "fake.weights' does not exist");
  std::vector<char> weights = fakeWeights();
  std::string path =
      folder.write("fake.weights", weights.data(), weights.size());
  EXPECT_EQ(run({"embed", "x"}).status, 0);
  weights.resize(5000);
  folder.write("fake.weights", weights.data(), weights.size());
  expectError({"embed", "x"}, 2, "is truncated");
}

TEST_F(ProgramTest, TruncatedProgram) {
  std::string bytes = readFile(program);
  bytes.erase(bytes.size() - 1000, 900);
  program = folder.write("cut", bytes.data(), bytes.size());
  chmod(program.c_str(), 0755);
  Result result = run({"embed", "x"});
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.err.find("weights inside"), result.err.npos) << result.err;
}

#ifdef ATTUNE_SEALED
TEST_F(ProgramTest, NeedsLibcAndLibmAlone) {
  // The loader lists what a program needs instead of running it.
  Result result = run({"info"}, "", {"LD_TRACE_LOADED_OBJECTS=1"});
  ASSERT_NE(result.out.find("libc.so"), result.out.npos) << result.out;
  for (const char *library : {"libstdc++", "libgcc_s", "libutf8proc"})
    EXPECT_EQ(result.out.find(library), result.out.npos) << result.out;
  EXPECT_LT(readFile(ATTUNE_FAKE_MODEL).size(), size_t(2) << 20);
}
#endif

} // namespace
