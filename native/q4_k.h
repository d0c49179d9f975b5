#pragma once

#include <cstddef>
#include <cstdint>

namespace snug {

// ggml_quantize_chunk to Q4_K with an importance per column, bit for bit, in a fraction of the time.
// Only where can_quantize_q4_k() says so.
size_t quantize_q4_k(const float * values, void * blocks, int64_t rows, int64_t columns, const float * importance);

// Whether this build and this CPU have the vectors that it needs.
bool has_q4_k_lanes();

// Whether they do, and the blocks are the ones that the ggml at hand makes. Compared once in a process.
bool can_quantize_q4_k();

} // namespace snug
