# SPDX-License-Identifier: Apache-2.0
# llhttp, Node's HTTP/1.1 parser. Debian packages its C source (node-llhttp), not a library: compile it from where
# the package puts it.
find_path(LLHTTP_INCLUDE llhttp.h PATHS /usr/share/include/llhttp /usr/include/llhttp /usr/share/llhttp /usr/include
          REQUIRED NO_DEFAULT_PATH)
find_path(LLHTTP_SOURCE llhttp.c PATHS /usr/share/llhttp /usr/share/llhttp/src REQUIRED NO_DEFAULT_PATH)
add_library(llhttp STATIC ${LLHTTP_SOURCE}/api.c ${LLHTTP_SOURCE}/http.c ${LLHTTP_SOURCE}/llhttp.c)
target_include_directories(llhttp SYSTEM PUBLIC ${LLHTTP_INCLUDE})
target_compile_options(llhttp PRIVATE -w)
