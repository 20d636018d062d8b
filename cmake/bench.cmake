# SPDX-License-Identifier: Apache-2.0
# The load generator and micro benchmarks: one program a file bench/b_*.c; bench/*.py pair them with a peer.
file(GLOB benches CONFIGURE_DEPENDS bench/b_*.c)
foreach(source ${benches})
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} EXCLUDE_FROM_ALL ${source})
    target_include_directories(${name} PRIVATE bench)
    target_link_libraries(${name} PRIVATE stemma_api)
    list(APPEND bench_targets ${name})
endforeach()
add_custom_target(benches DEPENDS ${bench_targets})
