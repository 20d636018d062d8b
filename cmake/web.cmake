# SPDX-License-Identifier: Apache-2.0
# The web interface: tools/web.sh bundles it, once for all presets, and makes a C source with its files. It is asked at
# each build, because what Node reads (web/, its packages) is not known here.
set(bundle ${CMAKE_SOURCE_DIR}/build/web/bundle.c)
add_custom_target(web_bundle COMMAND ${CMAKE_SOURCE_DIR}/tools/web.sh BYPRODUCTS ${bundle} VERBATIM)
add_library(stemma_web STATIC ${bundle})
add_dependencies(stemma_web web_bundle)
target_include_directories(stemma_web PRIVATE src)
target_link_libraries(stemma_web PRIVATE stemma_options)
