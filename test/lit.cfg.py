"""The lit suite's configuration: what a test is, the tools it may call, and the machine's features.

With ATTUNE_VERIFY_ROUNDTRIP=1 in the environment every attune-opt of the suite also checks that the module it reads
survives printing and parsing, as text and as bytecode; tests that do not call attune-opt are left out then.
"""

import ctypes
import os
import platform
import shutil
import sys

import lit.formats
from lit.llvm import llvm_config
from lit.llvm.subst import ToolSubst

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from round_trip import CallsAttuneOpt

ROUND_TRIP = os.environ.get("ATTUNE_VERIFY_ROUNDTRIP") == "1"


def opencl_problem():
    """Why kernels cannot run on an OpenCL device; None when they can."""
    try:
        opencl = ctypes.CDLL("libOpenCL.so.1")
    except OSError:
        return "libOpenCL.so.1 is not installed"
    count = ctypes.c_uint(0)
    opencl.clGetPlatformIDs(0, None, ctypes.byref(count))
    return None if count.value else "there is no OpenCL platform: install a driver, or pocl-opencl-icd"


def find_ptxas():
    """CUDA's assembler, which may lie beside no other program of the path."""
    return shutil.which("ptxas") or shutil.which("ptxas", path="/usr/local/cuda/bin")


def cpu_flags():
    """The CPU's feature flags as Linux names them."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith(("flags", "Features")):
                    return set(line.split(":", 1)[1].split())
    except OSError:
        pass
    return set()


config.name = "Attune"
config.test_format = (CallsAttuneOpt if ROUND_TRIP else lit.formats.ShTest)(execute_external=False)
config.suffixes = [".mlir", ".test", ".yaml"]
config.excludes = ["Inputs", "golden", "Unit", "Benchmark", "Fuzz", "CMakeLists.txt", "lit.cfg.py", "lit.site.cfg.py"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.attune_obj_root, "test", "roundtrip" if ROUND_TRIP else "lit")

llvm_config.with_environment("PATH", config.llvm_tools_dir, append_path=True)
llvm_config.with_environment("PATH", os.path.join(config.attune_obj_root, "test", "bin"), append_path=True)
llvm_config.with_environment("PATH", config.attune_tools_dir, append_path=True)
for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "ASAN_SYMBOLIZER_PATH"):
    if name in os.environ:
        config.environment[name] = os.environ[name]

tools = [
    ToolSubst("attune-opt", extra_args=["--verify-roundtrip"] if ROUND_TRIP else [], unresolved="fatal"),
    ToolSubst("attune-lsp-server", unresolved="ignore"),
    ToolSubst("attune-reduce", unresolved="ignore"),
    "FileCheck",
    "count",
    "not",
    "split-file",
]
llvm_config.add_tool_substitutions(tools, [config.attune_tools_dir, config.llvm_tools_dir])

# %attune rather than attune: the bare word is the dialect's name in every pattern.
config.substitutions.append(("%attune_src", config.attune_src_root))
config.substitutions.append(("%attune_obj", config.attune_obj_root))
config.substitutions.append(("%golden", os.path.join(config.test_source_root, "EndToEnd", "golden")))
config.substitutions.append(("%compare_npy", f"{config.python} {config.test_source_root}/EndToEnd/compare_npy.py"))
config.substitutions.append(("%python", config.python))
config.substitutions.append(("%minilm", config.minilm_dir))
config.substitutions.append(("%cc", config.host_cc))
config.substitutions.append(("%cxx", config.host_cxx))
config.substitutions.append(("%cmake", config.cmake))

if os.path.exists(os.path.join(config.minilm_dir, "model.safetensors")):
    config.available_features.add("minilm")

config.available_features.add(platform.machine().replace("_", "-"))
flags = cpu_flags()
if {"avx2", "fma", "f16c"} <= flags:
    config.available_features.add("avx2")
if {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"} <= flags:
    config.available_features.add("avx512")
for feature in ("avx512_vnni", "avx512_bf16"):
    if feature in flags:
        config.available_features.add(feature.replace("_", "-"))
if config.halide == "ON":
    config.available_features.add("halide")
    # Compiled kernels are kept for the next run of the tests.
    config.environment["POCL_CACHE_DIR"] = os.path.join(config.attune_obj_root, "test", "pocl-cache")
    problem, ptxas = opencl_problem(), find_ptxas()
    if problem:
        lit_config.note(f"tests that run kernels on OpenCL devices are left out: {problem}")
    else:
        config.available_features.add("opencl")
    if ptxas:
        config.available_features.add("ptxas")
        config.substitutions.append(("%ptxas", ptxas))
    else:
        lit_config.note("tests that assemble PTX are left out: there is no ptxas (PyPI's nvidia-cuda-nvcc has it)")
if shutil.which("pkg-config"):
    config.available_features.add("pkg-config")
