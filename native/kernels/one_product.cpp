#include "one_product.h"

#include "family.h"
#include "random_blocks.h"

#include "../backends.h"

#include "ggml-alloc.h"
#include "ggml-cpp.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <string>

namespace snug::kernels {

std::vector<float> compute(const OneProduct & product) {
    const Wide             wide(product.wide);
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

constexpr int64_t COLUMNS = 2 * BLOCK;
constexpr int64_t ROWS    = MOST_TILE_ROWS + 8; // fills no tile, and panels
constexpr float   NEAR    = 1e-5f;

bool multiplies_as_ggml(ggml_type type, bool wide, int64_t tokens) {
    uint32_t   state = 1;
    OneProduct product{ type, COLUMNS, ROWS, tokens, 1, true, wide, random_blocks(type, COLUMNS, ROWS, state), {} };
    for (int64_t i = 0; i < tokens * COLUMNS; ++i) {
        product.inputs.push_back(random_number(state));
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

bool multiplies_as_ggml(ggml_type type, bool wide) { return multiplies_as_ggml(type, wide, 1) && multiplies_as_ggml(type, wide, 9); }

} // namespace snug::kernels
