#pragma once

#include "ggml.h"

#include <cstddef>
#include <cstdint>

namespace snug {

// Makes the blocks of [rows × columns] values with an importance per column; whole blocks of 256 columns.
using Quantizer = void (*)(const float * values, void * blocks, int64_t rows, int64_t columns, const float * importance);

// Our own quantizer to this type, or null where this build or this CPU has none.
Quantizer own_quantizer(ggml_type type);

// Whether quantize_rows() uses it: the ggml at hand makes the same blocks, which is looked at once in a process.
bool has_own_quantizer(ggml_type type);

// ggml_quantize_chunk with an importance per column, bit for bit, in a fraction of the time where has_own_quantizer().
size_t quantize_rows(ggml_type type, const float * values, void * blocks, int64_t rows, int64_t columns, const float * importance);

} // namespace snug
