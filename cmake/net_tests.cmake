# SPDX-License-Identifier: Apache-2.0
# The server that tests/fault/test_http_*.py sends exact bytes to.
add_executable(http_echo tests/fault/http_echo.c)
target_link_libraries(http_echo PRIVATE stemma_net)
