# Thin wrappers that give every Attune target the same settings.
#
#   attune_add_library(NAME SOURCES a.cpp ... [LINK lib ...] [MLIR lib ...] [DEPENDS target ...])
#     A compiler library. LINK names Attune libraries, MLIR upstream ones (they come from libMLIR.so).
#   attune_add_tool(NAME SOURCES main.cpp ... [LINK lib ...] [MLIR lib ...])
#     An executable in build/bin.
#   attune_add_unittest(NAME SOURCES a.cpp ... [LINK lib ...] [MLIR lib ...] [SHARDS n] [ENVIRONMENT NAME=value ...])
#     A GoogleTest program and the ctest test NAME that runs it; with SHARDS the tests NAME-1 to NAME-n, each of which
#     runs its part of the program's tests, so that ctest -j shares out a long one.
#   attune_tablegen(TARGET FILE.td -gen-x OUT.inc [-gen-y OUT2.inc ...])
#     Generated headers beside the .td's place in the build tree.
#   attune_add_doc(NAME [DEPENDS target ...])
#     The generated page docs/reference/NAME.md (scripts/docs/reference.py knows how): the target attune-docs writes it,
#     the test docs-NAME checks that it is up to date.
#
# All compiler code shares one precompiled header (cmake/Precompiled.h): a file that includes MLIR costs seconds without it.

function(attune_target_settings target)
  target_include_directories(${target} PUBLIC
    "${PROJECT_SOURCE_DIR}/include" "${PROJECT_BINARY_DIR}/include")
  target_include_directories(${target} SYSTEM PUBLIC ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wno-unused-parameter -fno-exceptions)
  if(ATTUNE_ENABLE_ASSERTIONS)
    target_compile_options(${target} PRIVATE -UNDEBUG)
  endif()
  if(ATTUNE_SANITIZER)
    target_compile_options(${target} PRIVATE -fsanitize=${ATTUNE_SANITIZER} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(${target} PRIVATE -fsanitize=${ATTUNE_SANITIZER})
  endif()
endfunction()

function(attune_add_precompiled_header)
  file(WRITE "${PROJECT_BINARY_DIR}/Precompiled.cpp.in" "")
  configure_file("${PROJECT_BINARY_DIR}/Precompiled.cpp.in" "${PROJECT_BINARY_DIR}/Precompiled.cpp" COPYONLY)
  add_library(AttunePrecompiled OBJECT "${PROJECT_BINARY_DIR}/Precompiled.cpp")
  attune_target_settings(AttunePrecompiled)
  target_precompile_headers(AttunePrecompiled PRIVATE "${PROJECT_SOURCE_DIR}/cmake/Precompiled.h")
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    # Lets ccache hit after a fresh checkout.
    target_compile_options(AttunePrecompiled PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
endfunction()

function(attune_use_precompiled_header target)
  # CMake compiles executables as PIE, which the header is not.
  target_compile_options(${target} PRIVATE -fPIC)
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
  target_precompile_headers(${target} REUSE_FROM AttunePrecompiled)
endfunction()

function(attune_add_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;MLIR;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  attune_target_settings(${name})
  attune_use_precompiled_header(${name})
  add_dependencies(${name} attune-headers ${ARG_DEPENDS})
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
  if(ARG_MLIR)
    mlir_target_link_libraries(${name} PUBLIC ${ARG_MLIR})
  endif()
endfunction()

function(attune_add_tool name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;MLIR" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  attune_target_settings(${name})
  attune_use_precompiled_header(${name})
  add_dependencies(${name} attune-headers)
  target_link_libraries(${name} PRIVATE ${ARG_LINK})
  if(ARG_MLIR)
    mlir_target_link_libraries(${name} PRIVATE ${ARG_MLIR})
  endif()
  target_link_libraries(${name} PRIVATE LLVM)
endfunction()

function(attune_add_unittest name)
  cmake_parse_arguments(ARG "" "SHARDS" "SOURCES;LINK;MLIR;ENVIRONMENT" ${ARGN})
  attune_add_tool(${name} SOURCES ${ARG_SOURCES} LINK ${ARG_LINK} GTest::gtest GTest::gtest_main MLIR ${ARG_MLIR})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/test/Unit")
  target_compile_definitions(${name} PRIVATE
    ATTUNE_SOURCE_DIR="${PROJECT_SOURCE_DIR}" ATTUNE_BINARY_DIR="${PROJECT_BINARY_DIR}")
  if(NOT ARG_SHARDS)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES ENVIRONMENT "${ARG_ENVIRONMENT}")
  else()
    foreach(number RANGE 1 ${ARG_SHARDS})
      math(EXPR index "${number} - 1")
      add_test(NAME ${name}-${number} COMMAND ${name})
      set_tests_properties(${name}-${number} PROPERTIES ENVIRONMENT
        "GTEST_TOTAL_SHARDS=${ARG_SHARDS};GTEST_SHARD_INDEX=${index};${ARG_ENVIRONMENT}")
    endforeach()
  endif()
  set_property(GLOBAL APPEND PROPERTY ATTUNE_TEST_TARGETS ${name})
endfunction()

function(attune_tablegen target td)
  set(LLVM_TARGET_DEFINITIONS ${td})
  list(TRANSFORM MLIR_INCLUDE_DIRS PREPEND "-I" OUTPUT_VARIABLE tablegen_includes)
  set(args ${ARGN})
  while(args)
    list(POP_FRONT args gen out)
    separate_arguments(gen)
    mlir_tablegen(${out} ${gen} "-I${PROJECT_SOURCE_DIR}/include" ${tablegen_includes})
  endwhile()
  add_public_tablegen_target(${target})
  add_dependencies(attune-headers ${target})
endfunction()

function(attune_add_doc name)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  set(command "${Python3_EXECUTABLE}" -B "${PROJECT_SOURCE_DIR}/scripts/docs/reference.py" ${name}
    --bin "${CMAKE_RUNTIME_OUTPUT_DIRECTORY}" --llvm-bin "${LLVM_TOOLS_BINARY_DIR}" --llvm-include "${LLVM_INCLUDE_DIR}")
  set(page "${PROJECT_SOURCE_DIR}/docs/reference/${name}.md")
  add_custom_target(attune-docs-${name} COMMAND ${command} --write "${page}" VERBATIM)
  if(ARG_DEPENDS)
    add_dependencies(attune-docs-${name} ${ARG_DEPENDS})
  endif()
  add_dependencies(attune-docs attune-docs-${name})
  add_test(NAME docs-${name} COMMAND ${command} --check "${page}")
endfunction()
