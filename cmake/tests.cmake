# SPDX-License-Identifier: Apache-2.0
# One cmocka program a file of tests/unit (t_<room>_<module>.c links that room and what is below it); one libFuzzer
# driver a file of tests/fuzz when STEMMA_FUZZ is on.
enable_testing()
pkg_check_modules(CMOCKA IMPORTED_TARGET cmocka)
pkg_check_modules(JANSSON IMPORTED_TARGET jansson)

if(CMOCKA_FOUND)
    add_custom_target(threaded) # the tests that start threads, or a whole core, which does: what tsan is for
    file(GLOB unit_tests CONFIGURE_DEPENDS tests/unit/t_*.c)
    foreach(source ${unit_tests})
        get_filename_component(name ${source} NAME_WE)
        string(REGEX REPLACE "^t_([a-z]+)_.*$" "\\1" room ${name})
        add_executable(${name} ${source})
        target_include_directories(${name} PRIVATE tests/unit)
        target_link_libraries(${name} PRIVATE stemma_${room} PkgConfig::CMOCKA)
        add_test(NAME ${name} COMMAND ${name})
        set_tests_properties(${name} PROPERTIES TIMEOUT 300)
        file(STRINGS ${source} threads REGEX "pthread_create|thread_start|core_open" LIMIT_COUNT 1)
        if(threads)
            set_tests_properties(${name} PROPERTIES LABELS threaded)
            add_dependencies(threaded ${name})
        endif()
    endforeach()
    # It restarts the PostgreSQL that the other tests use.
    set_tests_properties(t_db_postgres PROPERTIES RUN_SERIAL ON)
endif()

if(STEMMA_FUZZ)
    file(GLOB fuzzers CONFIGURE_DEPENDS tests/fuzz/fuzz_*.c)
    foreach(source ${fuzzers})
        get_filename_component(name ${source} NAME_WE)
        string(REGEX REPLACE "^fuzz_([a-z]+)_.*$" "\\1" room ${name})
        add_executable(${name} ${source})
        target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
        target_link_libraries(${name} PRIVATE stemma_${room} -fsanitize=fuzzer)
        if(JANSSON_FOUND)
            target_link_libraries(${name} PRIVATE PkgConfig::JANSSON)
        endif()
    endforeach()
endif()

include(cmake/net_tests.cmake)
include(cmake/fault.cmake)
