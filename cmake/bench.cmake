# SPDX-License-Identifier: Apache-2.0
# The load generator and micro benchmarks: one program a file bench/b_<name>.c, with the files of bench/<name>/ where
# there are some; bench/*.py pair them with a peer.
file(GLOB benches CONFIGURE_DEPENDS bench/b_*.c)
foreach(source ${benches})
    get_filename_component(name ${source} NAME_WE)
    string(REGEX REPLACE "^b_" "" short ${name})
    file(GLOB parts CONFIGURE_DEPENDS bench/${short}/*.c)
    add_executable(${name} EXCLUDE_FROM_ALL ${source} ${parts})
    target_include_directories(${name} PRIVATE bench)
    if(parts) # a client of the server: nothing of it but base
        target_link_libraries(${name} PRIVATE stemma_base)
    else()
        target_link_libraries(${name} PRIVATE stemma_api)
    endif()
    list(APPEND bench_targets ${name})
endforeach()
add_custom_target(benches DEPENDS ${bench_targets})
