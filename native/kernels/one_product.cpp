#include "one_product.h"

#include "ternary.h"

#include "../backends.h"
#include "../weights.h"

#include "ggml-alloc.h"
#include "ggml-cpp.h"

#include <algorithm>
#include <cmath>
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

constexpr int64_t COLUMNS     = 2 * BLOCK;
constexpr int64_t ROWS        = TILE + 3;
constexpr float   NEAR        = 1e-5f;
constexpr size_t  BLOCK_BYTES = 56; // of IQ1_M

// the same on every machine
uint32_t next(uint32_t & state) {
    state = state * 1664525u + 1013904223u;
    return state >> 16;
}

// Any bits are a block of IQ1_M, but not any scale is a number: the uppermost bits of its last four words. To quantize values would take
// tables that are seconds in the making.
std::vector<uint8_t> random_blocks(uint32_t & state) {
    std::vector<uint8_t> blocks(ROWS * ggml_row_size(GGML_TYPE_IQ1_M, COLUMNS));
    for (size_t i = 0; i < blocks.size(); ++i) {
        blocks[i] = static_cast<uint8_t>(next(state));
        if (i % BLOCK_BYTES == BLOCK_BYTES - 1) {
            blocks[i] = 0x20 | (blocks[i] & 0x0f);
        }
    }
    return blocks;
}

bool multiplies_as_ggml(int64_t tokens) {
    uint32_t   state = 1;
    OneProduct product{ GGML_TYPE_IQ1_M, COLUMNS, ROWS, tokens, 1, true, random_blocks(state), {} };
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

bool multiplies_as_ggml() { return multiplies_as_ggml(1) && multiplies_as_ggml(3); }

} // namespace snug::kernels
