// The products with ternary planes, for one instruction set: included by a file that has included rows_avx2.h or one of its kind and has
// said, in an unnamed namespace, what more it does with a vector of ROWS rows. No #pragma once: each of them compiles its own.
//
// Products are the same to the bit as those of ggml's code for AVX2: a row's sums are kept as it keeps them, in whole numbers within a
// block, in floats over the blocks: for few tokens in lanes, for many in panels.

#include "prefetch.h"

namespace snug::kernels {

namespace {

constexpr int VECTORS = TILE / ROWS;
constexpr int PAIRS   = PIECES / 2;

// the factors of a side's four pieces in the bytes of each row's lane
template <int SIDE> SNUG_OPERATION Ints factors_of(const TernaryBlock & block, int vector, int quad) {
    const Ints both = load(block.factors[quad] + vector * ROWS * UNIT);
    return masked(SIDE == 0 ? both : words_down<4>(both), 15);
}

// Factors with the signs of their shifts, in the upper bytes of the halves of each row's lane: of two pieces that follow one another.
template <int PAIR> SNUG_OPERATION Ints pair_of(Ints factors) {
    constexpr uint32_t FIRST = PAIR * 2;
    return spread<0x00800080 | FIRST << 8 | (FIRST + 1) << 24>(factors);
}

// How far ahead weights are asked for: without that a product takes twice as long.
constexpr int64_t PREFETCHED = 8192;

// Asks for the part of a tile, or of the next one, that is to come as late after a block: as much for each block as there is of a tile.
SNUG_EACH void prefetch_after(const TernaryTile & tile, int64_t number) {
    constexpr int64_t BYTES = sizeof(TernaryBlock) + TILE * sizeof(uint16_t);
    prefetch(reinterpret_cast<uintptr_t>(tile.blocks) + number * BYTES + PREFETCHED, BYTES);
}

} // namespace

} // namespace snug::kernels

#include "ternary_lanes.h"
#include "ternary_panels.h"

namespace snug::kernels {

namespace {

size_t prepared_bytes(int64_t blocks, int64_t count, bool panels) {
    return blocks * count * (panels ? sizeof(PanelToken) : sizeof(LaneSums));
}

// tokens of a panel block by block
SNUG_TARGET void prepare(const Tokens & tokens, void * to) {
    for (int64_t i = 0; i < tokens.count; ++i) {
        for (int64_t block = 0; block < tokens.blocks_each; ++block) {
            const TokenBlock & token = tokens.blocks[i * tokens.blocks_each + block];
            if (tokens.panels) {
                prepare_panel(token, static_cast<PanelToken *>(to)[block * tokens.count + i]);
            } else {
                prepare_lanes(token, static_cast<LaneSums *>(to)[i * tokens.blocks_each + block]);
            }
        }
    }
}

void multiply(const TernaryTile & tile, bool one_shift, const Tokens & tokens, const void * prepared, float * sums) {
    if (tokens.panels) {
        multiply_panels(tile, static_cast<const PanelToken *>(prepared), tokens.count, sums);
        return;
    }
    for (int64_t i = 0; i < tokens.count; ++i) {
        const auto * token   = tokens.blocks + i * tile.count;
        const auto * of_lane = static_cast<const LaneSums *>(prepared) + i * tile.count;
        one_shift ? decode<true>(tile, token, of_lane, sums + i * TILE) : decode<false>(tile, token, of_lane, sums + i * TILE);
    }
}

} // namespace

} // namespace snug::kernels
