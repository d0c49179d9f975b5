#include "ternary_family.h"

namespace snug::kernels {

void TernaryFamily::pack(ggml_type type, const void * blocks, const Shape & shape, void * matrix) const {
    pack_ternary(type, blocks, shape, matrix);
}

size_t TernaryFamily::prepared_bytes(int64_t blocks, int64_t count, bool panels) const {
    return kernel.prepared_bytes(blocks, count, panels);
}

void TernaryFamily::prepare(const Tokens & tokens, void * to) const { kernel.prepare(tokens, to); }

void TernaryFamily::multiply(ggml_type type, const void * tile, const Tokens & tokens, const void * prepared, float * sums) const {
    kernel.multiply(TernaryTile(tile, tokens.blocks_each), type == GGML_TYPE_IQ1_S, tokens, prepared, sums);
}

const Family * ternary_family(const TernaryKernel & kernel) {
    static const TernaryFamily family(kernel);
    return &family;
}

} // namespace snug::kernels
