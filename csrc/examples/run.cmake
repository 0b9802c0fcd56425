# SPDX-License-Identifier: Apache-2.0
#
# The examples, run as a reader would: keys by the openssl command line, a body
# that verifies, and the same body with one digit changed.

cmake_minimum_required(VERSION 3.20)

find_program(OPENSSL openssl REQUIRED)
set(private ${WORK_DIR}/example.key)
set(public ${WORK_DIR}/example.pub)
execute_process(COMMAND ${OPENSSL} genrsa -out ${private} 2048
                ERROR_QUIET COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${OPENSSL} rsa -in ${private} -pubout -out ${public}
                ERROR_QUIET COMMAND_ERROR_IS_FATAL ANY)

file(WRITE ${WORK_DIR}/parameters.json "{\"amount\": 0.50, \"id\": \"T-1\"}")
execute_process(COMMAND ${SIGN} ${private}
                INPUT_FILE ${WORK_DIR}/parameters.json
                OUTPUT_FILE ${WORK_DIR}/body.json COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${VERIFY} ${public} INPUT_FILE ${WORK_DIR}/body.json
                OUTPUT_VARIABLE canonical COMMAND_ERROR_IS_FATAL ANY)
set(canonical_good "{\"amount\":0.5,\"id\":\"T-1\"}")
if(NOT canonical STREQUAL canonical_good)
  message(FATAL_ERROR "verified bytes: ${canonical}")
endif()

file(READ ${WORK_DIR}/body.json body)
string(REPLACE "0.5" "9.5" body "${body}")
file(WRITE ${WORK_DIR}/forged.json "${body}")
execute_process(COMMAND ${VERIFY} ${public} INPUT_FILE ${WORK_DIR}/forged.json
                OUTPUT_VARIABLE canonical RESULT_VARIABLE result
                ERROR_VARIABLE reason)
if(result EQUAL 0 OR NOT canonical STREQUAL "")
  message(FATAL_ERROR "a forged body was believed")
endif()
message(STATUS "forged body: ${reason}")

# Both in one batch, the good one first.
file(READ ${WORK_DIR}/body.json good)
file(WRITE ${WORK_DIR}/bodies.jsonl "${good}\n${body}\n")
execute_process(COMMAND ${BATCH} ${public} INPUT_FILE ${WORK_DIR}/bodies.jsonl
                OUTPUT_VARIABLE verdicts RESULT_VARIABLE result)
set(expected "1 KESS_OK ${canonical_good}\n2 KESS_ERR_SIGNATURE\n")
if(result EQUAL 0 OR NOT verdicts STREQUAL expected)
  message(FATAL_ERROR "verdicts of the batch: ${verdicts}")
endif()
