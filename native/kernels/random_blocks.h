#pragma once

#include "ggml.h"

#include <cstdint>
#include <vector>

// What kernels are tried with: the same on every machine.

namespace snug::kernels {

// in [-1, 1)
float random_number(uint32_t & state);

// Blocks [rows × columns] of a type. Any bits are a block, but not any scale is a number. To quantize values would take tables that are
// seconds in the making.
std::vector<uint8_t> random_blocks(ggml_type type, int64_t columns, int64_t rows, uint32_t & state);

} // namespace snug::kernels
