#pragma once

#include "lattice.h"
#include "quantizers.h"

#include <iterator>

namespace snug {

// The scales of runs as factors of four bits of the block's, two to a byte.
template <int RUNS, class Block> void store_factors(const float * scales, float correction, Block & block) {
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

// The signs of eight values as they are stored with a scale above zero: all of them, or of an even number of minus signs the first seven.
template <bool EVEN> uint8_t stored_signs(float scale, uint8_t signs) {
    return static_cast<uint8_t>(scale < 0 ? ~signs : signs) & (EVEN ? 127 : 255);
}

// A block whose runs are searched one by one; false where it is for ggml. Type::store_run(run, stored, signs, choice, grid, block) gets the
// number of runs before that were stored, and Type::store_scales(scales, block) a scale of 0 for those that were not. ON_GRID_AT_FIRST and
// ALL_AGAIN are as ggml has it where no try is better than nothing, and of what it puts on the grid anew.
template <class Type>
SNUG_AVX2 bool quantize_runs(const float * values, const float * importance, const Grid & grid, typename Type::Block & block) {
    constexpr int RUNS         = BLOCK / Type::COUNT;
    const float   sigma2       = Type::SIGMA * mean_square(values);
    float         scales[RUNS] = {};
    int           stored       = 0;
    for (int i = 0; i < RUNS; ++i) {
        Run<Type::COUNT> run;
        prepare<Type::COUNT, Type::EVEN>(values + i * Type::COUNT, importance + i * Type::COUNT, sigma2, run);
        if (run.largest < Type::MINIMUM) {
            continue;
        }
        if (!is_in_range(run)) {
            return false;
        }
        Choice<typename Type::Levels, Type::COUNT>              choice = { run.largest / Type::Levels::MIDDLE, {}, {} };
        Search<typename Type::Levels, Type::COUNT, Type::TRIES> search;
        std::fill(std::begin(choice.on_grid), std::end(choice.on_grid), Type::ON_GRID_AT_FIRST);
        search.best(run, grid, run.largest, choice);
        const bool all_on_grid = std::all_of(std::begin(choice.on_grid), std::end(choice.on_grid), [](bool on) { return on; });
        if (!all_on_grid && choice.scale > 0) {
            choose_again(run, grid, Type::ALL_AGAIN, choice);
        }
        scales[i] = std::fabs(choice.scale);
        uint8_t signs[Type::COUNT / 8];
        std::transform(std::begin(run.signs), std::end(run.signs), signs,
                       [&](uint8_t of_eight) { return stored_signs<Type::EVEN>(choice.scale, of_eight); });
        Type::store_run(i, stored++, signs, choice, grid, block);
    }
    Type::store_scales(scales, block);
    return true;
}

template <class Block> using BlockQuantizer = bool (*)(const float * values, const float * importance, const Grid & grid, Block & block);

// `quantize` fills a block of zeros, or says that it is for ggml.
template <class Type, BlockQuantizer<typename Type::Block> quantize>
void quantize_blocks(const float * values, void * blocks, int64_t rows, int64_t columns, const float * importance) {
    const Grid & grid  = Grid::of(Type::TYPE);
    auto *       block = static_cast<typename Type::Block *>(blocks);
    for (int64_t at = 0; at < rows * columns; at += BLOCK, ++block) {
        const float * weights = importance + at % columns;
        std::memset(block, 0, sizeof(*block));
        if (!quantize(values + at, weights, grid, *block)) {
            quantize_by_ggml(Type::TYPE, values + at, block, 1, BLOCK, weights);
        }
    }
}

template <class Type, BlockQuantizer<typename Type::Block> quantize> Quantizer lattice_quantizer() {
    return can_search_grids() ? quantize_blocks<Type, quantize> : nullptr;
}

} // namespace snug
