#include "random_blocks.h"

#include <cstddef>
#include <cstring>

namespace snug::kernels {

namespace {

constexpr uint16_t EXPONENT = 0x2000; // F16 from 2⁻⁷ up to twice that

uint32_t next(uint32_t & state) {
    state = state * 1664525u + 1013904223u;
    return state >> 16;
}

// in four pieces, above the factors of the runs
void set_scale_of_iq1_m(uint8_t * block, uint16_t scale) {
    uint8_t * pieces = block + ggml_type_size(GGML_TYPE_IQ1_M) - 4 * sizeof(uint16_t);
    for (int piece = 0; piece < 4; ++piece) {
        uint8_t & high = pieces[2 * piece + 1];
        high           = static_cast<uint8_t>((high & 15) | (scale >> (4 * piece) & 15) << 4);
    }
}

// how many F16 are a block's scales, and where in it they begin
struct ScalesAt {
    size_t count, offset;
};

ScalesAt scales_of(ggml_type type) {
    switch (type) {
        case GGML_TYPE_Q2_K: return { 2, ggml_type_size(type) - 2 * sizeof(uint16_t) };
        case GGML_TYPE_Q3_K: return { 1, ggml_type_size(type) - sizeof(uint16_t) };
        default:             return { 1, 0 };
    }
}

} // namespace

float random_number(uint32_t & state) { return static_cast<float>(next(state)) / 32768 - 1; }

std::vector<uint8_t> random_blocks(ggml_type type, int64_t columns, int64_t rows, uint32_t & state) {
    std::vector<uint8_t> blocks(rows * ggml_row_size(type, columns));
    for (auto & byte : blocks) {
        byte = static_cast<uint8_t>(next(state));
    }
    for (size_t at = 0; at < blocks.size(); at += ggml_type_size(type)) {
        const auto [count, offset] = scales_of(type);
        for (size_t i = 0; i < count; ++i) {
            const uint16_t scale = EXPONENT | (next(state) & 0x03ff);
            if (type == GGML_TYPE_IQ1_M) {
                set_scale_of_iq1_m(blocks.data() + at, scale);
            } else {
                std::memcpy(blocks.data() + at + offset + i * sizeof(scale), &scale, sizeof(scale));
            }
        }
    }
    return blocks;
}

} // namespace snug::kernels
