# hoot_need(PREFIX module[>=version]): a library that the rooms are linked with, as PkgConfig::PREFIX. The list HOOT_NEEDS
# of all of them goes into what is installed, for those who link the static library.
macro(hoot_need prefix module)
    pkg_check_modules(${prefix} REQUIRED IMPORTED_TARGET ${module})
    list(APPEND HOOT_NEEDS ${prefix} ${module})
endmacro()

# hoot_room(NAME USES room... LIBS target...)
#
# Makes the target room_NAME from every .c file below src/NAME. Its include path holds the public headers, its own
# folder and the folders of the rooms named after USES, each reachable only as "room/file.h": a farm of one-link
# directories in the build tree does that.
function(hoot_room name)
    cmake_parse_arguments(ROOM "" "" "USES;LIBS" ${ARGN})
    set(farm ${CMAKE_BINARY_DIR}/rooms)
    file(MAKE_DIRECTORY ${farm}/${name})
    file(CREATE_LINK ${CMAKE_SOURCE_DIR}/src/${name} ${farm}/${name}/${name} SYMBOLIC)

    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.c ${CMAKE_SOURCE_DIR}/src/${name}/*.S)
    if(NOT sources)
        file(WRITE ${farm}/${name}.c "typedef int hoot__room_${name}_is_empty;\n")
        set(sources ${farm}/${name}.c)
    endif()

    add_library(room_${name} OBJECT ${sources})
    target_include_directories(room_${name} PRIVATE ${CMAKE_SOURCE_DIR}/include ${farm}/${name})
    foreach(used ${ROOM_USES})
        target_include_directories(room_${name} PRIVATE ${farm}/${used})
    endforeach()
    target_compile_definitions(room_${name} PRIVATE HOOT_BUILDING _GNU_SOURCE HOOT_VERSION_TEXT="${PROJECT_VERSION}"
                               $<$<CONFIG:Debug>:HOOT_DEBUG=1>)
    target_link_libraries(room_${name} PRIVATE ${ROOM_LIBS})
    set_property(TARGET room_${name} PROPERTY HOOT_USES ${ROOM_USES})
    set_property(TARGET room_${name} PROPERTY HOOT_LIBS ${ROOM_LIBS})
endfunction()

# hoot_library(room...): the shared and the static library, `hoot` and `hoot_static`, from all rooms.
function(hoot_library)
    add_library(hoot SHARED)
    add_library(hoot_static STATIC)
    foreach(room ${ARGN})
        get_property(libs TARGET room_${room} PROPERTY HOOT_LIBS)
        foreach(library hoot hoot_static)
            target_sources(${library} PRIVATE $<TARGET_OBJECTS:room_${room}>)
            target_link_libraries(${library} PRIVATE ${libs})
        endforeach()
    endforeach()
    foreach(library hoot hoot_static)
        set_target_properties(${library} PROPERTIES OUTPUT_NAME hoot LINKER_LANGUAGE C)
        target_include_directories(${library} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>
                                   $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
        target_link_libraries(${library} PUBLIC PkgConfig::JANSSON)
    endforeach()
    set_target_properties(hoot PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION 0)
    if(NOT HOOT_SANITIZE) # whose runtime is in the program
        target_link_options(hoot PRIVATE -Wl,--no-undefined)
    endif()
endfunction()

# hoot_link_rooms(target room): links an executable with that room and the rooms below it only, and lets it include
# their headers, so that a room can be tested while another does not build.
function(hoot_link_rooms target room)
    get_property(uses TARGET room_${room} PROPERTY HOOT_USES)
    target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/include)
    target_compile_definitions(${target} PRIVATE _GNU_SOURCE HOOT_VERSION_TEXT="${PROJECT_VERSION}")
    foreach(one ${room} ${uses})
        get_property(libs TARGET room_${one} PROPERTY HOOT_LIBS)
        target_sources(${target} PRIVATE $<TARGET_OBJECTS:room_${one}>)
        target_include_directories(${target} PRIVATE ${CMAKE_BINARY_DIR}/rooms/${one})
        target_link_libraries(${target} PRIVATE ${libs})
    endforeach()
endfunction()

# hoot_unit_test(room source): one cmocka program from tests/unit/<room>/<name>_test.c.
function(hoot_unit_test room source)
    get_filename_component(name ${source} NAME_WE)
    set(target unit_${room}_${name})
    add_executable(${target} ${source})
    hoot_link_rooms(${target} ${room})
    target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
    target_compile_definitions(${target} PRIVATE HOOT_TEST_SOURCE_DIR="${CMAKE_SOURCE_DIR}/tests"
                               $<$<CONFIG:Debug>:HOOT_DEBUG=1>)
    target_link_libraries(${target} PRIVATE PkgConfig::CMOCKA)
    add_test(NAME ${room}/${name} COMMAND ${target})
    set_tests_properties(${room}/${name} PROPERTIES TIMEOUT 120)
endfunction()
