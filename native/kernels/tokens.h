#pragma once

#include <cstdint>

namespace snug::kernels {

constexpr int BLOCK  = 256; // columns that share a scale, as in ggml
constexpr int GROUP  = 8;   // columns that are summed
constexpr int GROUPS = BLOCK / GROUP;

// A block of a token as ggml quantizes it for the types with blocks of 256 (Q8_K), with the sums of its groups.
struct alignas(64) TokenBlock {
    int8_t  values[BLOCK];
    int16_t sums[GROUPS];
    float   scale;
};

// [blocks · BLOCK] values as `blocks` blocks
void quantize_token(const float * values, int64_t blocks, TokenBlock * token);

} // namespace snug::kernels
