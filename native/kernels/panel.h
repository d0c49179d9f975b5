// A block of rows side by side as bytes, unpacked once for many tokens: for files that have said how many ROWS there are. No #pragma once:
// each of them compiles its own.

#include "pieces.h"

namespace snug::kernels {

namespace {

constexpr int PANEL_AT = 4; // tokens at once

template <int FACTOR_COLUMNS> struct alignas(ALIGNMENT) Panel {
    static constexpr int GROUPS      = BLOCK / FACTOR_COLUMNS;
    static constexpr int GROUP_UNITS = FACTOR_COLUMNS / UNIT;

    int8_t  units[UNITS][ROWS * UNIT];
    int32_t factors[GROUPS][ROWS]; // as whole_of takes them
    int32_t lift[ROWS];
};

} // namespace

} // namespace snug::kernels
