# SPDX-License-Identifier: Apache-2.0
#
# The shared library has full RELRO, no executable stack, stack canaries, and
# where the optimiser ran the checked functions of glibc (FORTIFY).
# -DREADELF= -DLIBRARY= -DOPTIMISED=0|1

cmake_minimum_required(VERSION 3.20)

execute_process(COMMAND ${READELF} -lWd ${LIBRARY}
                OUTPUT_VARIABLE headers COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${READELF} -W --dyn-syms ${LIBRARY}
                OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
foreach(wanted GNU_RELRO "BIND_NOW|Flags: NOW" GNU_STACK)
  if(NOT headers MATCHES "${wanted}")
    message(FATAL_ERROR "${wanted} is missing:\n${headers}")
  endif()
endforeach()
if(headers MATCHES "GNU_STACK[^\n]*RWE" OR headers MATCHES "TEXTREL")
  message(FATAL_ERROR "code can be written, or data run:\n${headers}")
endif()
if(NOT symbols MATCHES "__stack_chk_fail|__stack_chk_guard")
  message(FATAL_ERROR "no stack canaries:\n${symbols}")
endif()
if(OPTIMISED AND symbols MATCHES "GLIBC" AND
   NOT symbols MATCHES "__(mem[a-z]+|fread|snprintf|read)_chk")
  message(FATAL_ERROR "no FORTIFY:\n${symbols}")
endif()
