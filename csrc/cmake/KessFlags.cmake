# SPDX-License-Identifier: Apache-2.0
#
# How every target of this project is compiled: C99, warnings, hardening, and
# the one sanitizer that was asked for.

include(CheckCCompilerFlag)
include(CheckLinkerFlag)
include(CheckPIESupported)

check_pie_supported(LANGUAGES C)

set(kess_warnings "")
if(MSVC)
  # Sources are UTF-8. fopen is meant, and getenv is not used.
  list(APPEND kess_warnings /W4 /utf-8 /D_CRT_SECURE_NO_WARNINGS)
  if(KESS_WERROR)
    list(APPEND kess_warnings /WX)
  endif()
else()
  list(APPEND kess_warnings
       -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wundef
       # An error since C99, which compilers let pass: a libcrypto without the
       # function would be noticed when the module is loaded, by the user.
       -Werror=implicit-function-declaration)
  if(KESS_WERROR)
    list(APPEND kess_warnings -Werror)
  endif()
endif()

# Lists the flags of `candidates` that the compiler knows.
function(kess_known_compile_flags result)
  set(known "")
  foreach(flag IN LISTS ARGN)
    string(MAKE_C_IDENTIFIER "KESS_HAVE${flag}" variable)
    check_c_compiler_flag("${flag}" ${variable})
    if(${variable})
      list(APPEND known "${flag}")
    endif()
  endforeach()
  set(${result} "${known}" PARENT_SCOPE)
endfunction()

function(kess_known_link_flags result)
  set(known "")
  foreach(flag IN LISTS ARGN)
    string(MAKE_C_IDENTIFIER "KESS_HAVE_LINK${flag}" variable)
    check_linker_flag(C "${flag}" ${variable})
    if(${variable})
      list(APPEND known "${flag}")
    endif()
  endforeach()
  set(${result} "${known}" PARENT_SCOPE)
endfunction()

set(kess_optimised "MinSizeRel,Release,RelWithDebInfo")
set(kess_hardening "")
set(kess_link_hardening "")
if(MSVC)
  # Stack canaries, DEP and ASLR are defaults of the compiler and the linker.
  set(kess_hardening /guard:cf)
  set(kess_link_hardening /guard:cf)
else()
  kess_known_compile_flags(kess_hardening
    -fcf-protection=full -fstack-protector-strong)
  # Windows itself touches every page of a large frame, and gcc 12 ends with
  # an internal error where it shall do so twice.
  if(NOT WIN32)
    kess_known_compile_flags(kess_stack_clash -fstack-clash-protection)
    list(APPEND kess_hardening ${kess_stack_clash})
  endif()
  # __FILE__, which OpenSSL's macros store, must not name this machine.
  kess_known_compile_flags(kess_prefix_map
    "-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=")
  list(APPEND kess_hardening ${kess_prefix_map})
  # FORTIFY works only where the optimiser runs. Distributions predefine a
  # level of their own, hence -U. Sanitizers check more, and disagree with it.
  if(KESS_SANITIZER STREQUAL "none")
    list(APPEND kess_hardening
         "$<$<CONFIG:${kess_optimised}>:-U_FORTIFY_SOURCE>"
         "$<$<CONFIG:${kess_optimised}>:-D_FORTIFY_SOURCE=2>")
  endif()
  kess_known_link_flags(kess_link_hardening
    -Wl,-z,noexecstack -Wl,-z,now -Wl,-z,relro)
  # MinGW has what the canaries call in a library of its own.
  if(WIN32)
    list(APPEND kess_link_hardening -fstack-protector-strong)
  endif()
endif()

set(kess_sanitizer_flags "")
if(KESS_SANITIZER STREQUAL "address")
  set(kess_sanitizer_flags -fsanitize=address,undefined)
elseif(KESS_SANITIZER MATCHES "^(thread|memory|undefined)$")
  set(kess_sanitizer_flags -fsanitize=${KESS_SANITIZER})
elseif(NOT KESS_SANITIZER STREQUAL "none")
  message(FATAL_ERROR "KESS_SANITIZER=${KESS_SANITIZER} is not known")
endif()
if(kess_sanitizer_flags)
  # Halt on the first finding: a test that continues would end with success.
  list(APPEND kess_sanitizer_flags
       -fno-omit-frame-pointer -fno-sanitize-recover=all)
endif()

if(KESS_COVERAGE)
  list(APPEND kess_sanitizer_flags --coverage -fprofile-update=atomic)
endif()

# Global, so that kess_set_flags works in any folder, also outside csrc.
set_property(GLOBAL PROPERTY KESS_COMPILE_OPTIONS
             ${kess_warnings} ${kess_hardening} ${kess_sanitizer_flags})
set_property(GLOBAL PROPERTY KESS_LINK_OPTIONS ${kess_link_hardening})
set_property(GLOBAL PROPERTY KESS_SANITIZER_FLAGS ${kess_sanitizer_flags})

function(kess_set_flags target)
  get_property(compile_options GLOBAL PROPERTY KESS_COMPILE_OPTIONS)
  get_property(link_options GLOBAL PROPERTY KESS_LINK_OPTIONS)
  get_property(sanitizer_flags GLOBAL PROPERTY KESS_SANITIZER_FLAGS)
  set_target_properties(${target} PROPERTIES
    C_STANDARD 99
    C_STANDARD_REQUIRED ON
    C_EXTENSIONS OFF
    C_VISIBILITY_PRESET hidden)
  target_compile_options(${target} PRIVATE ${compile_options})
  target_link_options(${target} PRIVATE ${link_options})
  # A program that links an instrumented library needs the runtime as well.
  target_link_options(${target} PUBLIC ${sanitizer_flags})
endfunction()

# A program of this project: tests, examples, fuzz targets.
function(kess_add_program target)
  add_executable(${target} ${ARGN})
  kess_set_flags(${target})
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
endfunction()
