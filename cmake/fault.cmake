# SPDX-License-Identifier: Apache-2.0
# fault_shim.so: what tests/fault/ loads below a server to record its writes and to make its calls fail. Without the
# project's options: a sanitizer may not be loaded into a program that was built without it.
add_library(fault_shim MODULE tests/fault/shim.c)
set_target_properties(fault_shim PROPERTIES PREFIX "")
target_compile_definitions(fault_shim PRIVATE _GNU_SOURCE)
target_compile_options(fault_shim PRIVATE -O2 -U_FORTIFY_SOURCE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion)
target_link_libraries(fault_shim PRIVATE Threads::Threads ${CMAKE_DL_LIBS})
