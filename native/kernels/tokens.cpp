// Tokens as ggml quantizes them (quantize_row_q8_K_ref), in loops that a compiler turns into vectors: every thread does it for itself,
// so that none waits for another.
#include "tokens.h"

#include "processors.h"

#include <algorithm>
#include <cstring>

namespace snug::kernels {

namespace {

// ggml's way to round: adding this leaves the integer in the lowest bits
constexpr float   ROUNDER    = 12582912.f;
constexpr int32_t LOW_BITS   = 0x007fffff;
constexpr int32_t LOW_OFFSET = 0x00400000;
constexpr int32_t NO_SIGN    = 0x7fffffff;

SNUG_VECTORS inline int32_t bits_of(float value) {
    int32_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    return bits;
}

// the first of the values that are furthest from zero; sizes of floats are ordered as their bits are
SNUG_VECTORS inline float furthest(const float * values) {
    int32_t most = 0;
    for (int i = 0; i < BLOCK; ++i) {
        most = std::max(most, bits_of(values[i]) & NO_SIGN);
    }
    int32_t first = BLOCK - 1;
    for (int i = 0; i < BLOCK; ++i) {
        first = std::min(first, (bits_of(values[i]) & NO_SIGN) == most ? i : BLOCK - 1);
    }
    return values[first];
}

SNUG_VECTORS void quantize_block(const float * values, TokenBlock & block) {
    const float value = furthest(values);
    if (value == 0) {
        std::memset(&block, 0, sizeof(block));
        return;
    }
    const float inverse = -127.f / value;
    for (int i = 0; i < BLOCK; ++i) {
        const int32_t level = (bits_of(inverse * values[i] + ROUNDER) & LOW_BITS) - LOW_OFFSET;
        block.values[i]     = static_cast<int8_t>(std::min(127, level));
    }
    for (int group = 0; group < GROUPS; ++group) {
        int sum = 0;
        for (int i = 0; i < GROUP; ++i) {
            sum += block.values[group * GROUP + i];
        }
        block.sums[group] = static_cast<int16_t>(sum);
    }
    block.scale = 1 / inverse;
}

} // namespace

SNUG_VECTORS void quantize_token(const float * values, int64_t blocks, TokenBlock * token) {
    for (int64_t i = 0; i < blocks; ++i) {
        quantize_block(values + i * BLOCK, token[i]);
    }
}

} // namespace snug::kernels
