# SPDX-License-Identifier: Apache-2.0
#
# Build and run the consumer through the installed CMake package.

cmake_minimum_required(VERSION 3.20)

set(build ${WORK_DIR}/cmake)
execute_process(
  COMMAND ${CMAKE_COMMAND} -S ${SOURCE_DIR} -B ${build} -G ${GENERATOR}
          -DCMAKE_C_COMPILER=${CC} -DCMAKE_PREFIX_PATH=${WORK_DIR}/prefix
          -DOPENSSL_ROOT_DIR=${OPENSSL_ROOT_DIR}
  COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${build}
                COMMAND_ERROR_IS_FATAL ANY)
execute_process(
  COMMAND ${CMAKE_CTEST_COMMAND} --test-dir ${build} --output-on-failure
          --no-tests=error
  COMMAND_ERROR_IS_FATAL ANY)
