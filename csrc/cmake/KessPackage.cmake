# SPDX-License-Identifier: Apache-2.0
#
# cpack -G DEB: libkess0 (the shared library), kess (the command) and libkess-dev
# (the rest).
#
#   cmake -S csrc -B build -DCMAKE_INSTALL_PREFIX=/usr
#   cmake --build build && (cd build && cpack -G DEB)

set(CPACK_PACKAGE_NAME libkess)
set(CPACK_PACKAGE_VENDOR "the kesspay developers")
set(CPACK_PACKAGE_CONTACT "the kesspay developers")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGE_CHECKSUM SHA256)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX "${CMAKE_INSTALL_PREFIX}")

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL runtime development)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS OFF)

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME libkess${kess_soversion})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
# What a program that was linked with this release depends on.
file(WRITE ${PROJECT_BINARY_DIR}/deb/shlibs
     "libkess ${kess_soversion} libkess${kess_soversion} (>= ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})\n")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA
    ${PROJECT_BINARY_DIR}/deb/shlibs)
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION
    "Signs and verifies messages of the KESS partner API, byte for byte as its
PHP gateway does. This package has the shared library.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libkess-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "libkess${kess_soversion} (= ${PROJECT_VERSION}), libssl-dev (>= 3.0)")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
    "Signs and verifies messages of the KESS partner API, byte for byte as its
PHP gateway does. This package has the headers, the static library, the files of
pkg-config and CMake, and the manual pages.")

set(kess_packages "runtime;libkess${kess_soversion}" "development;libkess-dev")
if(KESS_BUILD_COMMAND)
  list(APPEND CPACK_COMPONENTS_ALL command)
  list(APPEND kess_packages "command;kess")
  set(CPACK_DEBIAN_COMMAND_PACKAGE_NAME kess)
  set(CPACK_DEBIAN_COMMAND_PACKAGE_SECTION utils)
  set(CPACK_DEBIAN_COMMAND_PACKAGE_SHLIBDEPS ON)
  set(CPACK_COMPONENT_COMMAND_DESCRIPTION
    "Signs and verifies messages of the KESS partner API, byte for byte as its
PHP gateway does. This package has the command, for a shell.")
endif()

# Debian wants the licence in each package.
while(kess_packages)
  list(POP_FRONT kess_packages component package)
  install(FILES ${PROJECT_SOURCE_DIR}/cmake/copyright
          DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package}
          COMPONENT ${component} EXCLUDE_FROM_ALL)
endwhile()

include(CPack)
