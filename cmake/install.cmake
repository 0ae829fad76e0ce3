# What `cmake --install` puts where: both libraries, the headers, hoot.pc for pkg-config and a CMake package with the
# targets hoot::hoot and hoot::hoot_static. The programs (hooter) install themselves.
include(CMakePackageConfigHelpers)

install(TARGETS hoot EXPORT hootTargets)
install(TARGETS hoot_static EXPORT hootStaticTargets)
install(DIRECTORY include/hoot DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.h)

# The shared library asks of its users only jansson, whose header json.h includes; the static one everything. So they
# are two files: a missing libuv.pc does not stand in the way of somebody who links the shared library.
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/hoot)
install(EXPORT hootTargets NAMESPACE hoot:: DESTINATION ${package_dir})
install(EXPORT hootStaticTargets NAMESPACE hoot:: DESTINATION ${package_dir})
configure_package_config_file(cmake/hootConfig.cmake.in ${CMAKE_BINARY_DIR}/hootConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/hootConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/hootConfig.cmake ${CMAKE_BINARY_DIR}/hootConfigVersion.cmake
        DESTINATION ${package_dir})

# hoot.pc says where things are from its own place, so that `cmake --install --prefix` may choose another.
file(RELATIVE_PATH HOOT_PC_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" HOOT_PC_TO_PREFIX "${HOOT_PC_TO_PREFIX}")
set(modules ${HOOT_NEEDS})
list(FILTER modules EXCLUDE REGEX "^([A-Z0-9]+|jansson.*)$")
list(JOIN modules ", " HOOT_PC_REQUIRES_PRIVATE)
string(REPLACE ">=" " >= " HOOT_PC_REQUIRES_PRIVATE "${HOOT_PC_REQUIRES_PRIVATE}")
configure_file(cmake/hoot.pc.in ${CMAKE_BINARY_DIR}/hoot.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/hoot.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
