# SPDX-License-Identifier: Apache-2.0
# The flags of every file of ours. Warnings are errors on gcc and clang.
add_library(stemma_options INTERFACE)
target_compile_definitions(stemma_options INTERFACE _GNU_SOURCE STEMMA_VERSION="${PROJECT_VERSION}")
target_compile_options(stemma_options INTERFACE
    -Wall -Wextra -Werror -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wconversion
    -Wno-sign-conversion -Wpointer-arith -Wcast-qual -Wwrite-strings
    -fno-omit-frame-pointer -fstack-protector-strong)
include(CheckCCompilerFlag)
check_c_compiler_flag(-ftrivial-auto-var-init=zero STEMMA_HAS_AUTO_VAR_INIT)
if(STEMMA_HAS_AUTO_VAR_INIT) # clang before 16 wants a second flag for it
    target_compile_options(stemma_options INTERFACE -ftrivial-auto-var-init=zero)
endif()
if(STEMMA_FUZZ)
    target_compile_options(stemma_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
    target_compile_options(stemma_options INTERFACE -fcf-protection)
endif()
if(STEMMA_SANITIZE)
    target_compile_options(stemma_options INTERFACE -fsanitize=${STEMMA_SANITIZE} -fno-sanitize-recover=all)
    target_link_options(stemma_options INTERFACE -fsanitize=${STEMMA_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_definitions(stemma_options INTERFACE _FORTIFY_SOURCE=2)
    target_link_options(stemma_options INTERFACE -Wl,-z,relro,-z,now)
endif()
