# SPDX-License-Identifier: Apache-2.0
#
# cmake --install: headers, libraries, kess.pc, the CMake package and man pages.
# What a program needs to run is the component "runtime", what it needs to be
# built "development". The command has a component of its own, "command".

include(CMakePackageConfigHelpers)

set(kess_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/kess)
set(kess_targets "")
foreach(target IN ITEMS kess_shared kess_static)
  if(TARGET ${target})
    list(APPEND kess_targets ${target})
  endif()
endforeach()

install(FILES include/kess.h include/kess_ffi.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        COMPONENT development)
install(TARGETS ${kess_targets} EXPORT kess-targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime
          NAMELINK_COMPONENT development
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)

# kess.pc names its prefix relative to itself, so that it stays right when
# `cmake --install --prefix` or a packager moves the tree.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}"
   OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(kess_pc_prefix "${CMAKE_INSTALL_PREFIX}")
  set(kess_pc_libdir "${CMAKE_INSTALL_FULL_LIBDIR}")
  set(kess_pc_includedir "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
else()
  file(RELATIVE_PATH kess_pc_up
       "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
  string(REGEX REPLACE "/$" "" kess_pc_up "${kess_pc_up}")
  set(kess_pc_prefix "\${pcfiledir}/${kess_pc_up}")
  set(kess_pc_libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
  set(kess_pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
configure_file(kess.pc.in kess.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/kess.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)

configure_package_config_file(cmake/kess-config.cmake.in kess-config.cmake
  INSTALL_DESTINATION ${kess_package_dir}
  NO_CHECK_REQUIRED_COMPONENTS_MACRO)
# Before 1.0 a minor version may change the API.
write_basic_package_version_file(kess-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/kess-config.cmake
              ${PROJECT_BINARY_DIR}/kess-config-version.cmake
        DESTINATION ${kess_package_dir} COMPONENT development)
install(EXPORT kess-targets NAMESPACE kess:: DESTINATION ${kess_package_dir}
        COMPONENT development)

if(KESS_BUILD_MAN)
  find_package(Python3 3.9 COMPONENTS Interpreter)
  if(Python3_Interpreter_FOUND)
    set(kess_man ${PROJECT_BINARY_DIR}/man3)
    file(GLOB kess_examples CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/*.c)
    add_custom_command(OUTPUT ${kess_man}/kess.3
      COMMAND ${Python3_EXECUTABLE} -B ${PROJECT_SOURCE_DIR}/tools/make_man.py
              ${kess_man}
      DEPENDS include/kess.h tools/header.py tools/make_man.py ${kess_examples})
    add_custom_target(kess_man_pages ALL DEPENDS ${kess_man}/kess.3)
    install(DIRECTORY ${kess_man} DESTINATION ${CMAKE_INSTALL_MANDIR}
            COMPONENT development)
  else()
    message(STATUS "No Python: there will be no man pages")
  endif()
endif()
