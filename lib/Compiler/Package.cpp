//===- Package.cpp - The files a compilation ends in ----------------------===//
#include "attune/Compiler/Package.h"
#include "GpuCode.h"
#include "Output.h"
#include "attune/Backend/LLVM/Codegen.h"
#include "attune/Compiler/Link.h"
#include "attune/Runtime/Header.h"
#include "attune/Support/Error.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"

using namespace attune;

PackageNames::PackageNames(const PackageOptions &options) {
  llvm::StringRef path = options.output;
  directory = llvm::sys::path::parent_path(path).str();
  llvm::StringRef name = llvm::sys::path::filename(path);
  // "-o out/libminilm.a" means the same as "-o out/minilm".
  llvm::StringRef extension = llvm::sys::path::extension(name);
  if (extension == ".a" || extension == ".so" || extension == ".o")
    name = name.drop_back(extension.size());
  if ((extension == ".a" || extension == ".so"))
    name.consume_front("lib");
  base = name.str();
  prefix = options.prefix.empty() ? rt::cIdentifier(base) : options.prefix;
  weights = base + ".weights";
}

std::string PackageNames::at(llvm::StringRef fileName) const {
  llvm::SmallString<256> path(directory);
  llvm::sys::path::append(path, fileName);
  return path.str().str();
}

namespace {

/// Writes the files of one package.
class Packager {
public:
  Packager(Compilation &compilation, const PackageOptions &options)
      : compilation(compilation), options(options), names(options) {}

  llvm::Expected<Package> run();

private:
  llvm::Error generate();
  llvm::Error write();
  llvm::Error emitObjects();
  llvm::Error writeExecutable();
  llvm::Error writeLibrary();
  llvm::Error writeArchive(llvm::StringRef path);
  llvm::Error writeShared(llvm::StringRef path);
  llvm::Error writeObject(llvm::StringRef path);
  llvm::Error writeHeader();
  llvm::Error writeWeights();
  llvm::Error writeCMakeConfig();
  llvm::Error writePkgConfig();
  llvm::Error writeModules(OutputKind kind);
  llvm::Error writeGpuCode();
  /// The archives of the runtime that the model's code needs.
  llvm::Expected<std::vector<std::string>> findRuntimes() const;
  /// What follows a model's objects on the linker's command line.
  void addRuntimes(llvm::ArrayRef<std::string> runtimes,
                   std::vector<std::string> &arguments) const;
  bool usesGpu() const {
    return llvm::any_of(compilation.getVariants(), [](const auto &variant) {
      return bool(variant.target.gpu);
    });
  }
  /// Libraries of the system that go with them.
  std::vector<llvm::StringRef> getSystemLibraries() const {
    std::vector<llvm::StringRef> names{"pthread", "m"};
    if (usesGpu())
      names.push_back("dl");
    return names;
  }
  /// The only file of a package, "-" for stdout.
  llvm::Error writeOne(OutputFiles::TextWriter fill) {
    return options.output == "-" ? writeOut(fill)
                                 : files.addText(options.output, fill);
  }
  llvm::Expected<std::vector<TemporaryFile>>
  writeTemporaryObjects(llvm::StringRef beside);
  llvm::Error text(llvm::StringRef path,
                   llvm::function_ref<void(llvm::raw_ostream &)> fill) {
    return files.addText(path, [&](llvm::raw_ostream &os) {
      fill(os);
      return llvm::Error::success();
    });
  }

  Compilation &compilation;
  const PackageOptions &options;
  PackageNames names;
  std::unique_ptr<ModelCode> code;
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> objects;
  OutputFiles files;
};

llvm::Error Packager::generate() {
  CodeOptions codeOptions;
  codeOptions.prefix = names.prefix;
  codeOptions.weightsName = names.weights;
  codeOptions.program = options.emit == Emit::Executable;
  codeOptions.forwarders = !codeOptions.program;
  llvm::Expected<std::unique_ptr<ModelCode>> generated =
      ModelCode::generate(compilation, codeOptions);
  if (!generated)
    return generated.takeError();
  code = std::move(*generated);
  return llvm::Error::success();
}

llvm::Error Packager::emitObjects() {
  for (ModelCode::Part &part : code->getParts()) {
    llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> object =
        emitModule(*part.module, *part.machine, OutputKind::Object);
    if (!object)
      return object.takeError();
    objects.push_back(std::move(*object));
  }
  return llvm::Error::success();
}

llvm::Expected<std::vector<TemporaryFile>>
Packager::writeTemporaryObjects(llvm::StringRef beside) {
  std::vector<TemporaryFile> written;
  for (const auto &object : objects) {
    llvm::Expected<TemporaryFile> file = TemporaryFile::create(beside);
    if (!file)
      return file.takeError();
    if (llvm::Error error = file->write([&](llvm::raw_ostream &os) {
          os << object->getBuffer();
          return llvm::Error::success();
        }))
      return std::move(error);
    written.push_back(std::move(*file));
  }
  return written;
}

llvm::Expected<std::vector<std::string>> Packager::findRuntimes() const {
  std::vector<std::string> paths;
  // An archive comes before those that it needs.
  for (llvm::StringRef name : {"libattune_gpu.a", "libattune_runtime.a"}) {
    if (name == "libattune_gpu.a" && !usesGpu())
      continue;
    llvm::Expected<std::string> path = findRuntime(options, name);
    if (!path)
      return path.takeError();
    paths.push_back(std::move(*path));
  }
  return paths;
}

llvm::Error Packager::writeExecutable() {
  llvm::Expected<std::vector<std::string>> runtimes = findRuntimes();
  llvm::Expected<std::string> main = findRuntime(options, "libattune_main.a");
  if (!runtimes || !main)
    return llvm::joinErrors(runtimes.takeError(), main.takeError());
  llvm::Expected<std::vector<TemporaryFile>> inputs =
      writeTemporaryObjects(options.output);
  if (!inputs)
    return inputs.takeError();
  llvm::Expected<TemporaryFile> linked = TemporaryFile::create(options.output);
  if (!linked)
    return linked.takeError();
  std::vector<std::string> arguments{"-o", linked->getPath().str()};
  for (const TemporaryFile &file : *inputs)
    arguments.push_back(file.getPath().str());
  arguments.push_back(*main);
  addRuntimes(*runtimes, arguments);
  if (llvm::Error error = runLinker(options, arguments))
    return error;

  // The weights follow the program, and a trailer tells where they begin.
  auto program = llvm::MemoryBuffer::getFile(linked->getPath(), false, false);
  if (!program)
    return fileUserError(linked->getPath(), "read", program.getError());
  const WeightsImage &weights = code->getWeights();
  uint64_t offset = llvm::alignTo((*program)->getBufferSize(), 4096);
  uint64_t trailerAt = llvm::alignTo(offset + weights.getBytes(), 64);
  AttuneWeightsTrailer trailer = {};
  std::memcpy(trailer.magic, ATTUNE_TRAILER_MAGIC, sizeof(trailer.magic));
  trailer.offset = offset;
  trailer.bytes = weights.getBytes();
  return files.addMapped(
      options.output, trailerAt + sizeof(trailer), /*executable=*/true,
      [&](llvm::MutableArrayRef<uint8_t> memory) -> llvm::Error {
        std::memcpy(memory.data(), (*program)->getBufferStart(),
                    (*program)->getBufferSize());
        std::memcpy(memory.data() + trailerAt, &trailer, sizeof(trailer));
        return weights.write(memory.slice(offset, weights.getBytes()));
      });
}

llvm::Error Packager::writeArchive(llvm::StringRef path) {
  llvm::Expected<std::vector<std::string>> runtimes = findRuntimes();
  if (!runtimes)
    return runtimes.takeError();
  std::vector<llvm::NewArchiveMember> members;
  std::vector<std::string> memberNames;
  memberNames.reserve(objects.size());
  for (auto [i, object] : llvm::enumerate(objects)) {
    memberNames.push_back(llvm::formatv("{0}_{1}.o", names.base, i));
    members.emplace_back(
        llvm::MemoryBufferRef(object->getBuffer(), memberNames.back()));
  }
  // Members refer to what their archives were read into.
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> buffers;
  std::vector<std::unique_ptr<llvm::object::Archive>> archives;
  for (const std::string &runtime : *runtimes) {
    auto buffer = llvm::MemoryBuffer::getFile(runtime, false, false);
    if (!buffer)
      return fileUserError(runtime, "read", buffer.getError());
    buffers.push_back(std::move(*buffer));
    llvm::Expected<std::unique_ptr<llvm::object::Archive>> archive =
        llvm::object::Archive::create(buffers.back()->getMemBufferRef());
    if (!archive)
      return archive.takeError();
    archives.push_back(std::move(*archive));
    llvm::Error error = llvm::Error::success();
    for (const llvm::object::Archive::Child &child :
         archives.back()->children(error)) {
      llvm::Expected<llvm::NewArchiveMember> member =
          llvm::NewArchiveMember::getOldMember(child, /*Deterministic=*/true);
      if (!member)
        return llvm::joinErrors(std::move(error), member.takeError());
      members.push_back(std::move(*member));
    }
    if (error)
      return error;
  }
  llvm::Expected<std::string> target = files.add(path);
  if (!target)
    return target.takeError();
  return llvm::writeArchive(*target, members,
                            llvm::SymtabWritingMode::NormalSymtab,
                            llvm::object::Archive::K_GNU,
                            /*Deterministic=*/true, /*Thin=*/false);
}

void Packager::addRuntimes(llvm::ArrayRef<std::string> runtimes,
                           std::vector<std::string> &arguments) const {
  llvm::append_range(arguments, runtimes);
  arguments.push_back("-Wl,--gc-sections");
  arguments.push_back("-Wl,-s");
  for (llvm::StringRef name : getSystemLibraries())
    arguments.push_back(("-l" + name).str());
}

llvm::Error Packager::writeShared(llvm::StringRef path) {
  llvm::Expected<std::vector<std::string>> runtimes = findRuntimes();
  if (!runtimes)
    return runtimes.takeError();
  llvm::Expected<std::vector<TemporaryFile>> inputs =
      writeTemporaryObjects(path);
  if (!inputs)
    return inputs.takeError();
  llvm::Expected<TemporaryFile> script = TemporaryFile::create(path);
  llvm::Expected<std::string> linked = files.add(path, /*executable=*/true);
  if (!script || !linked)
    return llvm::joinErrors(script.takeError(), linked.takeError());
  if (llvm::Error error = script->write([&](llvm::raw_ostream &os) {
        os << "{ global: " << names.prefix << "_*; local: *; };\n";
        return llvm::Error::success();
      }))
    return error;
  std::vector<std::string> arguments{
      "-shared", "-o", *linked,
      "-Wl,-soname," + llvm::sys::path::filename(path).str(),
      "-Wl,--version-script=" + script->getPath().str()};
  for (const TemporaryFile &file : *inputs)
    arguments.push_back(file.getPath().str());
  addRuntimes(*runtimes, arguments);
  return runLinker(options, arguments);
}

/// The modules become one before they become code: so it needs no linker, which
/// for another architecture may not be there. Functions keep their CPUs.
llvm::Error Packager::writeObject(llvm::StringRef path) {
  llvm::MutableArrayRef<ModelCode::Part> parts = code->getParts();
  ModelCode::Part &whole = parts.back();
  for (ModelCode::Part &part : parts.drop_back())
    if (llvm::Linker::linkModules(*whole.module, std::move(part.module)))
      return internalError("the variants of the code do not link");
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> object =
      emitModule(*whole.module, *whole.machine, OutputKind::Object);
  if (!object)
    return object.takeError();
  return text(path,
              [&](llvm::raw_ostream &os) { os << (*object)->getBuffer(); });
}

llvm::Error Packager::writeHeader() {
  std::string header = rt::renderHeader(code->getInterface().getDescriptor(),
                                        names.prefix, names.weights);
  return text(names.at(names.base + ".h"),
              [&](llvm::raw_ostream &os) { os << header; });
}

llvm::Error Packager::writeWeights() {
  const WeightsImage &weights = code->getWeights();
  return files.addMapped(names.at(names.weights), weights.getBytes(),
                         /*executable=*/false,
                         [&](llvm::MutableArrayRef<uint8_t> memory) {
                           return weights.write(memory);
                         });
}

llvm::Error Packager::writeCMakeConfig() {
  bool shared = options.emit == Emit::Shared;
  std::string libraries = "\n    INTERFACE_LINK_LIBRARIES \"" +
                          llvm::join(getSystemLibraries(), ";") + "\"";
  return text(names.at(names.base + "-config.cmake"), [&](auto &os) {
    os << llvm::formatv(
        "# find_package({0} CONFIG) gives the target {0}::{0}.\n"
        "if(NOT TARGET {0}::{0})\n"
        "  add_library({0}::{0} {1} IMPORTED)\n"
        "  set_target_properties({0}::{0} PROPERTIES\n"
        "    IMPORTED_LOCATION \"${{CMAKE_CURRENT_LIST_DIR}/lib{0}.{2}\"\n"
        "    INTERFACE_INCLUDE_DIRECTORIES \"${{CMAKE_CURRENT_LIST_DIR}\"{3})\n"
        "endif()\n"
        "set({0}_WEIGHTS \"${{CMAKE_CURRENT_LIST_DIR}/{4}\")\n",
        names.base, shared ? "SHARED" : "STATIC", shared ? "so" : "a",
        shared ? "" : libraries, names.weights);
  });
}

llvm::Error Packager::writePkgConfig() {
  std::string libraries = " -l" + llvm::join(getSystemLibraries(), " -l");
  return text(names.at(names.base + ".pc"), [&](auto &os) {
    os << "prefix=${pcfiledir}\n"
       << "Name: " << names.base << "\n"
       << "Description: A model compiled by Attune\n"
       << "Version: 1\n"
       << "Cflags: -I${prefix}\n"
       << "Libs: -L${prefix} -l" << names.base
       << (options.emit == Emit::Static ? libraries : "") << "\n";
  });
}

llvm::Error Packager::writeLibrary() {
  llvm::Error error = llvm::Error::success();
  if (options.emit != Emit::Object)
    if (llvm::Error failed = emitObjects())
      return failed;
  switch (options.emit) {
  case Emit::Static:
    error = writeArchive(names.at("lib" + names.base + ".a"));
    break;
  case Emit::Shared:
    error = writeShared(names.at("lib" + names.base + ".so"));
    break;
  default:
    error = writeObject(names.at(names.base + ".o"));
    break;
  }
  if (error)
    return error;
  if (options.emit != Emit::Object) {
    if (llvm::Error failed = writeCMakeConfig())
      return failed;
    if (llvm::Error failed = writePkgConfig())
      return failed;
  }
  if (llvm::Error failed = writeHeader())
    return failed;
  return writeWeights();
}

llvm::Error Packager::writeModules(OutputKind kind) {
  return writeOne([&](llvm::raw_ostream &os) -> llvm::Error {
    for (ModelCode::Part &part : code->getParts()) {
      llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> buffer =
          emitModule(*part.module, *part.machine, kind);
      if (!buffer)
        return buffer.takeError();
      os << (*buffer)->getBuffer();
    }
    return llvm::Error::success();
  });
}

llvm::Error Packager::writeGpuCode() {
  if (std::error_code code = llvm::sys::fs::create_directories(options.output))
    return fileUserError(options.output, "create", code);
  // The GPU is the same for every CPU.
  llvm::StringRef extension =
      compilation.getVariants().front().target.gpu.getExtension();
  for (const GpuCode &kernel : getGpuCode(*code->getParts().front().module)) {
    llvm::SmallString<256> path(options.output);
    llvm::sys::path::append(path, kernel.name + "." + extension);
    if (llvm::Error error = text(
            path, [&](llvm::raw_ostream &os) { os << kernel.text << "\n"; }))
      return error;
  }
  return llvm::Error::success();
}

/// Functions of the runtime and of C that a library's own would hide.
static llvm::Error checkPrefix(llvm::StringRef prefix) {
  if (prefix != "attune" && !prefix.starts_with("attune_") &&
      prefix != "pthread")
    return llvm::Error::success();
  return userErrorf("the prefix '{0}' would give functions that the library "
                    "calls itself, as {0}_create: choose another with --prefix",
                    prefix);
}

llvm::Error Packager::write() {
  switch (options.emit) {
  case Emit::LLVM:
    return writeModules(OutputKind::LLVMText);
  case Emit::Assembly:
    return writeModules(OutputKind::Assembly);
  case Emit::Gpu:
    return writeGpuCode();
  case Emit::Executable:
    if (llvm::Error error = emitObjects())
      return error;
    return writeExecutable();
  default:
    return writeLibrary();
  }
}

llvm::Expected<Package> Packager::run() {
  Phase last = compilation.getOptions().compileTo;
  llvm::Error error = llvm::Error::success();
  if (options.emit == Emit::MLIR || last != Phase::Binary) {
    error = compilation.runTo(std::min(last, Phase::LLVM));
    if (!error)
      error = writeOne([&](llvm::raw_ostream &os) {
        for (Compilation::Variant &variant : compilation.getVariants())
          variant.module.get().print(os,
                                     mlir::OpPrintingFlags().enableDebugInfo());
        return llvm::Error::success();
      });
  } else {
    if (options.emit != Emit::Executable && options.emit != Emit::Gpu)
      error = checkPrefix(names.prefix);
    if (!error && options.emit == Emit::Gpu && !usesGpu())
      error = userError("--emit=gpu: the model has no kernels for a GPU; say "
                        "for which with --gpu");
    if (!error)
      error = generate();
    if (!error)
      error = write();
  }
  if (error)
    return std::move(error);
  llvm::Expected<std::vector<std::string>> written = files.commit();
  if (!written)
    return written.takeError();
  return Package{std::move(*written),
                 code ? code->getTokenizerNote().str() : std::string()};
}

} // namespace

llvm::Expected<Package> attune::writePackage(Compilation &compilation,
                                             const PackageOptions &options) {
  return Packager(compilation, options).run();
}
