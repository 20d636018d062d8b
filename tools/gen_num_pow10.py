#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/base/num_pow10.c: the powers of ten, cut to 128 bits, that reading and printing of
doubles share.

    tools/gen_num_pow10.py > src/base/num_pow10.c

Exact integer arithmetic only. Also proves, for every exponent that can occur, the properties
that the C code relies on. tests/unit/t_base_num.c checks the committed table again, in C and
without this script.
"""

MIN, MAX = -342, 324


def floor_log2_pow10(e):
    return (10**e).bit_length() - 1 if e >= 0 else -((10**-e).bit_length())


def floor_128(e):
    """floor(10^e * 2^n), where n makes it a number of exactly 128 bits."""
    shift = 127 - floor_log2_pow10(e)
    num, den = (10**e, 1) if e >= 0 else (1, 10**-e)
    return (num << shift) // den if shift >= 0 else (num >> -shift) // den


def floor_log10(num, den, e2):
    """floor(log10(num / den * 2^e2))."""
    num, den = (num << e2, den) if e2 >= 0 else (num, den << -e2)
    guess = len(str(num)) - len(str(den))
    while num < den * 10**guess if guess >= 0 else num * 10**-guess < den:
        guess -= 1
    return guess


def prove():
    for e in range(MIN, MAX + 1):
        g = floor_128(e)
        assert g.bit_length() == 128
        # so that + 1 never carries out of the low word
        assert g & (2**64 - 1) != 2**64 - 1
        # so that a product plus the error of reading fits 192 bits
        assert g >> 64 < 2**64 - 2**32
        assert (e * 1741647) >> 19 == floor_log2_pow10(e)
        assert (0 <= e <= 55) == (e >= 0 and g * 2 ** floor_log2_pow10(e) == 10**e * 2**127)
    for e in range(-1074, 972):
        assert (e * 1262611) >> 22 == floor_log10(1, 1, e)
        assert (e * 1262611 - 524031) >> 22 == floor_log10(3, 4, e)


def main():
    prove()
    print("// SPDX-License-Identifier: Apache-2.0")
    print("// Made by tools/gen_num_pow10.py; do not edit. Entry e - NUM_POW10_MIN is 10^e * 2^n,")
    print("// cut to an integer of exactly 128 bits. Read-only, any thread.")
    print('#include "base/num_internal.h"\n')
    print("// clang-format off")
    print("const num_pow10 num_pow10_table[NUM_POW10_MAX - NUM_POW10_MIN + 1] = {")
    rows = [floor_128(e) for e in range(MIN, MAX + 1)]
    for at in range(0, len(rows), 2):
        pair = rows[at : at + 2]
        cells = (f"{{0x{g >> 64:016x}, 0x{g & (2**64 - 1):016x}}}," for g in pair)
        print("    " + " ".join(cells))
    print("};")


main()
