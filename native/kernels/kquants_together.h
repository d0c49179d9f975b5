// The products with Q2_K and Q3_K for one instruction set: included by a file that has included rows_avx2.h or one of its kind and has said
// how many tokens go TOGETHER and how weights that they share are multiplied. No #pragma once: each of them compiles its own.

#include "codes_vectors.h"

namespace snug::kernels {

namespace {

// from how many tokens on a block is unpacked for all of them
constexpr int64_t FEWEST_TOGETHER = 5;

// What is to be known of a token beside its block, where it is multiplied alone.
struct alignas(ALIGNMENT) LoneToken {
    int32_t less[UNITS];         // of Q3_K
    int16_t runs[PIECES][SIDES]; // sums
};

// A block of a token that shares weights with others: its values from 0 to 255, as the weights have the signs.
struct alignas(ALIGNMENT) SharingToken {
    uint8_t values[BLOCK];
    int16_t runs[PIECES][SIDES];
    float   scale;
};

size_t prepared_bytes(int64_t blocks, int64_t count) { return blocks * count * std::max(sizeof(LoneToken), sizeof(SharingToken)); }

SNUG_TARGET void sum_runs(const TokenBlock & token, int16_t (&runs)[PIECES][SIDES]) {
    for (int run = 0; run < RUNS; ++run) {
        runs[run / SIDES][run % SIDES] = static_cast<int16_t>(token.sums[2 * run] + token.sums[2 * run + 1]);
    }
}

SNUG_TARGET void prepare_lone(const TokenBlock & token, LoneToken & to) {
    less_of_units<Q3K>(token, to.less);
    sum_runs(token, to.runs);
}

SNUG_TARGET void prepare_sharing(const TokenBlock & token, SharingToken & to) {
    for (int column = 0; column < BLOCK; ++column) {
        to.values[column] = static_cast<uint8_t>(token.values[column] + 128);
    }
    sum_runs(token, to.runs);
    to.scale = token.scale;
}

// those that share weights block by block
SNUG_TARGET void prepare(const Tokens & tokens, void * to) {
    for (int64_t i = 0; i < tokens.count; ++i) {
        for (int64_t block = 0; block < tokens.blocks_each; ++block) {
            const TokenBlock & token = tokens.blocks[i * tokens.blocks_each + block];
            if (tokens.count >= FEWEST_TOGETHER) {
                prepare_sharing(token, static_cast<SharingToken *>(to)[block * tokens.count + i]);
            } else {
                prepare_lone(token, static_cast<LoneToken *>(to)[i * tokens.blocks_each + block]);
            }
        }
    }
}

// A block as bytes, unpacked once for many tokens. Of a weight times its factor what is below zero fits a byte: 4 · 32 does not.
struct alignas(ALIGNMENT) Unpacked {
    int8_t  units[LANES][PIECES][ROWS * UNIT]; // less than zero by as much as the weights are more
    int32_t factors[PIECES][SIDES][ROWS];      // where they are not multiplied in
    int16_t minimums[PIECES][ROWS * SIDES];
    int32_t lift[LANES][ROWS]; // what the whole has too much where 128 was added to all values
};

template <class K, int SIDE, int NUMBER>
SNUG_OPERATION void unpack_unit(const Vectors<K> & vectors, int piece, Ints factor, Unpacked & to, Ints * sums) {
    constexpr int LANE    = SIDE * UNIT + NUMBER;
    const Ints    codes   = words_down<shift_of<K>(LANE)>(codes_of<K, LANE>(vectors.of));
    const Ints    weights = shared_weights(less(bytes(K::middle), codes), factor);
    save(to.units[LANE][piece], weights);
    sums[NUMBER] = add_shared(sums[NUMBER], bytes(1), weights, factor);
}

template <class K, int SIDE>
SNUG_OPERATION void unpack_piece(const CodeBlock<K, ROWS> & block, int piece, Ints factor, Unpacked & to, Ints * sums) {
    const Vectors<K> vectors(block, piece);
    save(to.factors[piece][SIDE], factor);
    unpack_unit<K, SIDE, 0>(vectors, piece, factor, to, sums);
    unpack_unit<K, SIDE, 1>(vectors, piece, factor, to, sums);
    unpack_unit<K, SIDE, 2>(vectors, piece, factor, to, sums);
    unpack_unit<K, SIDE, 3>(vectors, piece, factor, to, sums);
}

template <class K, int SIDE> SNUG_TARGET void unpack_side(const CodeBlock<K, ROWS> & block, Unpacked & to) {
    Ints sums[UNIT] = { none(), none(), none(), none() };
    Ints factors[PIECES];
    Factors<K, SIDE>(block).of_pieces(factors);
    for (int piece = 0; piece < PIECES; ++piece) {
        unpack_piece<K, SIDE>(block, piece, signed_words_down<Factors<K, SIDE>::UP>(factors[piece]), to, sums);
    }
    for (int number = 0; number < UNIT; ++number) {
        save(to.lift[SIDE * UNIT + number], minus_128_times(sums[number]));
    }
    if constexpr (K::has_least) {
        save(to.minimums[SIDE * UNIT], minimums_of<K, SIDE, 0>(block));
        save(to.minimums[SIDE * UNIT + 1], minimums_of<K, SIDE, 1>(block));
        save(to.minimums[SIDE * UNIT + 2], minimums_of<K, SIDE, 2>(block));
        save(to.minimums[SIDE * UNIT + 3], minimums_of<K, SIDE, 3>(block));
    }
}

// What the tokens of a turn have come to, lane by lane.
struct alignas(ALIGNMENT) LaneSums {
    float lanes[LANES][ROWS];
};

template <int COUNT> SNUG_OPERATION void multiply_lane(const Unpacked & from, int lane, const SharingToken * tokens, Ints * whole) {
    std::fill_n(whole, COUNT, load(from.lift[lane]));
    SNUG_THROUGH_PIECES for (int piece = 0; piece < PIECES; ++piece) {
        const Ints weights = load(from.units[lane][piece]), factor = load(from.factors[piece][lane / UNIT]);
        for (int i = 0; i < COUNT; ++i) {
            whole[i] = add_shared(whole[i], each(tokens[i].values + piece * PIECE + lane * UNIT), weights, factor);
        }
    }
}

template <class K, int COUNT>
SNUG_TARGET void add_tokens(const Unpacked & from, const CodeScales<K, ROWS> & scales, const SharingToken * tokens, LaneSums * sums) {
    Floats scale[COUNT], least[COUNT];
    for (int i = 0; i < COUNT; ++i) {
        scale[i] = scales_of(scales.scale[0], -tokens[i].scale);
        least[i] = leasts_of(scales, tokens[i].scale);
    }
    for (int lane = 0; lane < LANES; ++lane) {
        Ints whole[COUNT];
        multiply_lane<COUNT>(from, lane, tokens, whole);
        for (int i = 0; i < COUNT; ++i) {
            float * to  = sums[i].lanes[lane];
            Floats  sum = load_floats(to);
            if constexpr (K::has_least) {
                sum = add_times(sum, add_pairs(none(), load(from.minimums[lane]), each(tokens[i].runs[lane])), least[i]);
            }
            store(to, add_times(sum, whole[i], scale[i]));
        }
    }
}

template <class K>
SNUG_TARGET void multiply_together(const CodeTile<K, ROWS> & tile, int64_t blocks, const SharingToken * tokens, int64_t count, float * to) {
    LaneSums sums[TOKENS_AT_ONCE];
    std::memset(sums, 0, count * sizeof(LaneSums));
    Unpacked unpacked;
    for (int64_t number = 0; number < blocks; ++number) {
        const auto * of_block = tokens + number * count;
        unpack_side<K, 0>(tile.blocks[number], unpacked);
        unpack_side<K, 1>(tile.blocks[number], unpacked);
        int64_t i = 0;
        for (; i + TOGETHER <= count; i += TOGETHER) {
            add_tokens<K, TOGETHER>(unpacked, tile.scales[number], of_block + i, sums + i);
        }
        for (; i + TOGETHER / 2 <= count; i += TOGETHER / 2) {
            add_tokens<K, TOGETHER / 2>(unpacked, tile.scales[number], of_block + i, sums + i);
        }
        for (; i < count; ++i) {
            add_tokens<K, 1>(unpacked, tile.scales[number], of_block + i, sums + i);
        }
    }
    for (int64_t i = 0; i < count; ++i) {
        Floats lanes[LANES];
        for (int lane = 0; lane < LANES; ++lane) {
            lanes[lane] = load_floats(sums[i].lanes[lane]);
        }
        store(to + i * ROWS, over_lanes(lanes));
    }
}

size_t tile_bytes(ggml_type type, int64_t blocks) {
    return with_kquant(type, [=](auto k) { return CodeTile<decltype(k), ROWS>::bytes(blocks); });
}

void multiply(ggml_type type, const void * data, const Tokens & tokens, const void * prepared, float * sums) {
    with_kquant(type, [&](auto k) {
        const int64_t                     blocks = tokens.blocks_each;
        const CodeTile<decltype(k), ROWS> tile(data, blocks);
        if (tokens.count >= FEWEST_TOGETHER) {
            multiply_together(tile, blocks, static_cast<const SharingToken *>(prepared), tokens.count, sums);
            return;
        }
        for (int64_t i = 0; i < tokens.count; ++i) {
            decode(tile, blocks, tokens.blocks + i * blocks, static_cast<const LoneToken *>(prepared) + i * blocks, sums + i * ROWS);
        }
    });
}

} // namespace

} // namespace snug::kernels
