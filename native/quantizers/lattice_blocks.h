#pragma once

#include "lattice.h"
#include "quantizers.h"

#if defined(SNUG_AVX2)

namespace snug {

// The scales of runs as factors of four bits of the block's, two to a byte.
template <int RUNS, class Block> void store_scales(const float * scales, float correction, Block & block) {
    const float largest = *std::max_element(scales, scales + RUNS);
    if (largest == 0) {
        return;
    }
    const float scale = largest / 31, inverse = 1 / scale;
    block.d = ggml_fp32_to_fp16(scale * correction);
    for (int i = 0; i < RUNS; ++i) {
        block.scales[i / 2] |= static_cast<uint8_t>(stored_factor(inverse, scales[i]) << 4 * (i % 2));
    }
}

// Type::quantize fills a block of zeros, or says that it is for ggml.
template <class Type> void quantize_blocks(const float * values, void * blocks, int64_t rows, int64_t columns, const float * importance) {
    const Grid & grid  = Grid::of(Type::TYPE);
    auto *       block = static_cast<typename Type::Block *>(blocks);
    for (int64_t at = 0; at < rows * columns; at += BLOCK, ++block) {
        const float * weights = importance + at % columns;
        std::memset(block, 0, sizeof(*block));
        if (!Type::quantize(values + at, weights, grid, *block)) {
            quantize_by_ggml(Type::TYPE, values + at, block, 1, BLOCK, weights);
        }
    }
}

template <class Type> Quantizer lattice_quantizer() { return can_search_grids() ? quantize_blocks<Type> : nullptr; }

} // namespace snug

#endif
