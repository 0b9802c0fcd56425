# SPDX-License-Identifier: Apache-2.0
#
# Build and run the consumer with nothing but a compiler and pkg-config, once
# with the shared library and once with the static one.

cmake_minimum_required(VERSION 3.20)

set(ENV{PKG_CONFIG_PATH} ${WORK_DIR}/prefix/${LIBDIR}/pkgconfig)
set(ENV{LD_LIBRARY_PATH}
    "${WORK_DIR}/prefix/${LIBDIR}:$ENV{LD_LIBRARY_PATH}")
set(ENV{DYLD_LIBRARY_PATH} ${WORK_DIR}/prefix/${LIBDIR})

function(pkg_config result)
  execute_process(COMMAND ${PKG_CONFIG} ${ARGN} kess
                  OUTPUT_VARIABLE text OUTPUT_STRIP_TRAILING_WHITESPACE
                  COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(text UNIX_COMMAND "${text}")
  set(${result} ${text} PARENT_SCOPE)
endfunction()

function(build_and_run name)
  execute_process(
    COMMAND ${CC} -std=c99 -o ${WORK_DIR}/${name} ${SOURCE_DIR}/consumer.c
            ${ARGN}
    COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${WORK_DIR}/${name} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

pkg_config(shared --cflags --libs)
build_and_run(shared ${shared})

# -lkess would take the shared library; the archive is named instead.
pkg_config(static --static --cflags --libs)
list(TRANSFORM static REPLACE "^-lkess$"
     "${WORK_DIR}/prefix/${LIBDIR}/libkess.a")
build_and_run(static ${static})
