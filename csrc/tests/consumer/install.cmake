# SPDX-License-Identifier: Apache-2.0
#
# cmake --install into WORK_DIR/prefix, and look at what is there.

cmake_minimum_required(VERSION 3.20)

file(REMOVE_RECURSE ${WORK_DIR})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD_DIR}
                        --prefix ${WORK_DIR}/prefix
                OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)

file(GLOB_RECURSE found RELATIVE ${WORK_DIR}/prefix ${WORK_DIR}/prefix/*)
foreach(file IN ITEMS
    include/kess.h ${LIBDIR}/libkess.a ${LIBDIR}/pkgconfig/kess.pc
    ${LIBDIR}/cmake/kess/kess-config.cmake
    ${LIBDIR}/cmake/kess/kess-config-version.cmake
    ${LIBDIR}/cmake/kess/kess-targets.cmake)
  if(NOT file IN_LIST found)
    message(FATAL_ERROR "${file} was not installed: ${found}")
  endif()
endforeach()
if(NOT found MATCHES "libkess\\.(so\\.0|0\\.dylib)")
  message(FATAL_ERROR "no shared library with a version: ${found}")
endif()
