# attune_seal(NAME KEEP pattern... TARGETS libraries... [WITH libraries...] [ARCHIVES libraries or files...] [USES NAME])
#
# Makes lib<NAME>.a: the objects of TARGETS (all of them) and what they need of
# ARCHIVES in one object, whose only global symbols are those that match KEEP.
# With the C++ library's archive among what is searched it depends on libc and
# libm alone, and nothing in it can clash with an application's own symbols:
# neither another utf8proc nor another operator new. Sections stay apart, so
# that --gc-sections drops unused code in the final link.
#
# Code built with sanitizers is only put together, without WITH: it is linked
# with the compiler's C++ driver anyway. What the archive that it USES has then
# must not come twice.
function(attune_seal name)
  cmake_parse_arguments(ARG "" "" "KEEP;TARGETS;WITH;ARCHIVES;USES" ${ARGN})
  set(archive "${CMAKE_ARCHIVE_OUTPUT_DIRECTORY}/lib${name}.a")
  set(object "${CMAKE_CURRENT_BINARY_DIR}/${name}.o")
  set(partial "${CMAKE_CURRENT_BINARY_DIR}/${name}.partial.o")
  set(objects "")
  foreach(target IN LISTS ARG_TARGETS)
    list(APPEND objects "$<TARGET_OBJECTS:${target}>")
  endforeach()
  set(archives "")
  foreach(item IN LISTS ARG_ARCHIVES)
    if(TARGET ${item})
      list(APPEND archives "$<TARGET_FILE:${item}>")
    else()
      list(APPEND archives "${item}")
    endif()
  endforeach()
  set(link "${CMAKE_CXX_COMPILER}" -r -nostdlib)
  if(CMAKE_CXX_COMPILER_TARGET)
    list(APPEND link "--target=${CMAKE_CXX_COMPILER_TARGET}")
  endif()
  if(CMAKE_LINKER_TYPE STREQUAL "LLD")
    list(APPEND link -fuse-ld=lld)
  endif()
  if(ATTUNE_SANITIZER)
    if(ARG_USES)
      set(archives "")
    else()
      list(PREPEND archives -Wl,--whole-archive)
    endif()
    add_custom_command(OUTPUT "${archive}"
      COMMAND ${link} -o "${object}" ${objects} ${archives}
      COMMAND "${CMAKE_COMMAND}" -E rm -f "${archive}"
      COMMAND "${CMAKE_AR}" rcs "${archive}" "${object}"
      DEPENDS ${ARG_TARGETS} ${objects} ${ARG_ARCHIVES}
      COMMENT "Packing lib${name}.a" COMMAND_EXPAND_LISTS VERBATIM)
  else()
    set(keep "")
    foreach(pattern IN LISTS ARG_KEEP)
      list(APPEND keep "--keep-global-symbol=${pattern}")
    endforeach()
    foreach(target IN LISTS ARG_WITH)
      list(APPEND objects "$<TARGET_OBJECTS:${target}>")
    endforeach()
    add_custom_command(OUTPUT "${archive}"
      COMMAND ${link} -Wl,--force-group-allocation -o "${partial}" ${objects} ${archives} "${ATTUNE_LIBSTDCXX}"
      COMMAND "${CMAKE_OBJCOPY}" --wildcard ${keep} "${partial}" "${object}"
      COMMAND "${CMAKE_COMMAND}" -E rm -f "${archive}" "${partial}"
      COMMAND "${CMAKE_AR}" rcs "${archive}" "${object}"
      DEPENDS ${ARG_TARGETS} ${ARG_WITH} ${objects} ${ARG_ARCHIVES}
      COMMENT "Sealing lib${name}.a" COMMAND_EXPAND_LISTS VERBATIM)
  endif()
  add_custom_target(${name}_archive ALL DEPENDS "${archive}")
endfunction()

execute_process(COMMAND "${CMAKE_CXX_COMPILER}" -print-file-name=libstdc++.a
  OUTPUT_VARIABLE ATTUNE_LIBSTDCXX OUTPUT_STRIP_TRAILING_WHITESPACE)
