#include "one_product.h"

#include "family.h"

#include "../backends.h"
#include "../weights.h"

#include "ggml-alloc.h"
#include "ggml-cpp.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <string>

namespace snug::kernels {

std::vector<float> compute(const OneProduct & product) {
    const CpuBackend       cpu(product.threads);
    const ggml_context_ptr weights(ggml_init({ ggml_tensor_overhead(), nullptr, true }));
    const ggml_context_ptr context(ggml_init({ 4 * ggml_tensor_overhead() + ggml_graph_overhead(), nullptr, true }));
    auto *                 weight = ggml_new_tensor_2d(weights.get(), product.type, product.columns, product.rows);
    auto *                 input  = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, product.columns, product.tokens);
    auto *                 output = ggml_mul_mat(context.get(), weight, input);
    auto *                 graph  = ggml_new_graph(context.get());
    ggml_build_forward_expand(graph, output);
    auto *                        type = product.as_stored ? ggml_backend_dev_buffer_type(cpu_device()) : weight_buffer_type(output);
    const ggml_backend_buffer_ptr buffer(ggml_backend_alloc_ctx_tensors(context.get(), cpu.backend.get()));
    const ggml_backend_buffer_ptr weight_buffer(ggml_backend_alloc_ctx_tensors_from_buft(weights.get(), type));
    if (!buffer || !weight_buffer) {
        throw std::bad_alloc();
    }
    ggml_backend_tensor_set(weight, product.blocks.data(), 0, product.blocks.size());
    ggml_backend_tensor_set(input, product.inputs.data(), 0, product.inputs.size() * sizeof(float));
    cpu.compute(graph, std::string("a product with ") + ggml_type_name(product.type));
    std::vector<float> result(product.tokens * product.rows);
    ggml_backend_tensor_get(output, result.data(), 0, result.size() * sizeof(float));
    return result;
}

namespace {

constexpr int64_t  COLUMNS  = 2 * BLOCK;
constexpr int64_t  ROWS     = MOST_TILE_ROWS + 3;
constexpr float    NEAR     = 1e-5f;
constexpr uint16_t EXPONENT = 0x2000; // F16 from 2⁻⁷ up to twice that

// the same on every machine
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

// Any bits are a block, but not any scale is a number. To quantize values would take tables that are seconds in the making.
std::vector<uint8_t> random_blocks(ggml_type type, uint32_t & state) {
    std::vector<uint8_t> blocks(ROWS * ggml_row_size(type, COLUMNS));
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

bool multiplies_as_ggml(ggml_type type, int64_t tokens) {
    uint32_t   state = 1;
    OneProduct product{ type, COLUMNS, ROWS, tokens, 1, true, random_blocks(type, state), {} };
    for (int64_t i = 0; i < tokens * COLUMNS; ++i) {
        product.inputs.push_back(static_cast<float>(next(state)) / 32768 - 1);
    }
    const auto expected = compute(product);
    product.as_stored   = false;
    const auto computed = compute(product);
    float      most     = 0;
    for (const float value : expected) {
        most = std::max(most, std::fabs(value));
    }
    return std::equal(expected.begin(), expected.end(), computed.begin(),
                      [&](float a, float b) { return std::fabs(a - b) <= NEAR * most; });
}

} // namespace

bool multiplies_as_ggml(ggml_type type) { return multiplies_as_ggml(type, 1) && multiplies_as_ggml(type, 3); }

} // namespace snug::kernels
