# SPDX-License-Identifier: Apache-2.0
#
# The shared library exports exactly the functions that kess.h declares.
# -DNM= -DLIBRARY= -DHEADER=

cmake_minimum_required(VERSION 3.20)

execute_process(COMMAND ${NM} -D --defined-only ${LIBRARY}
                OUTPUT_VARIABLE table COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^ \n]+\n" exported "${table}")
list(TRANSFORM exported STRIP)
# A symbol version is written name@@VERSION.
list(TRANSFORM exported REPLACE "@.*$" "")
# The versions themselves stand in the table, too.
list(FILTER exported EXCLUDE REGEX "^KESS_[0-9.]+$")
list(REMOVE_DUPLICATES exported)
list(SORT exported)

file(READ ${HEADER} header)
string(REGEX REPLACE "/\\*([^*]|\\*+[^*/])*\\*+/" "" header "${header}")
string(REGEX MATCHALL "kess_[a-z0-9_]+\\(" declared "${header}")
list(TRANSFORM declared REPLACE "\\($" "")
list(REMOVE_DUPLICATES declared)
list(SORT declared)

list(LENGTH declared count)
if(count LESS 20)
  message(FATAL_ERROR "only ${count} functions were found in ${HEADER}")
endif()
if(NOT exported STREQUAL declared)
  message(FATAL_ERROR "exported: ${exported}\ndeclared: ${declared}")
endif()
message(STATUS "${count} functions exported, all of them declared in kess.h")
