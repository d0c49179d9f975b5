// The products with Q2_K and Q3_K for one instruction set: included by a file that has included rows_avx2.h or one of its kind and has said
// how many tokens go TOGETHER, how weights that they share are multiplied, and SNUG_THROUGH_PIECES, which stands before loops. Here is what
// one token takes. No #pragma once: each of them compiles its own.

#include "prefetch.h"

#include <algorithm>
#include <cstring>

namespace snug::kernels {

namespace {

// How far ahead weights are asked for: without that Q2_K is slower than llama.cpp's.
constexpr int PREFETCHED = 8192;
// from how many tokens on a block is unpacked for all of them
constexpr int64_t FEWEST_TOGETHER = 5;

// What is to be known of a token beside its block, where it is multiplied alone.
struct alignas(ALIGNMENT) LoneToken {
    int32_t less[UNITS];         // what codes of Q3_K count too much
    int16_t runs[PIECES][SIDES]; // sums
};

// A block of a token that shares weights with others: its values from 0 to 255, as the weights have the signs.
struct alignas(ALIGNMENT) SharingToken {
    uint8_t values[BLOCK];
    int16_t runs[PIECES][SIDES];
    float   scale;
};

size_t prepared_bytes(int64_t blocks, int64_t count) { return blocks * count * std::max(sizeof(LoneToken), sizeof(SharingToken)); }

// The bits below a lane's codes as they are multiplied, of which none is the uppermost of its byte: products fit 16 bits so.
template <class K> constexpr int shift_of(int lane) { return std::min(K::place(lane).shift, 4); }

SNUG_TARGET void sum_runs(const TokenBlock & token, int16_t (&runs)[PIECES][SIDES]) {
    for (int run = 0; run < RUNS; ++run) {
        runs[run / SIDES][run % SIDES] = static_cast<int16_t>(token.sums[2 * run] + token.sums[2 * run + 1]);
    }
}

SNUG_TARGET void prepare_lone(const TokenBlock & token, LoneToken & to) {
    for (int unit = 0; unit < UNITS; ++unit) {
        to.less[unit] = less_of(token.values + unit * UNIT, Q3K::middle << shift_of<Q3K>(unit % LANES));
    }
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

// the codes of a lane, shift_of bits up
template <class K, int LANE> SNUG_OPERATION Ints codes_of(const Ints * vectors) {
    constexpr CodePlace PLACE = K::place(LANE);
    constexpr int       SHIFT = shift_of<K>(LANE), ABOVE = SHIFT + PLACE.bits;
    const Ints          low = masked(words_down<PLACE.shift - SHIFT>(vectors[PLACE.vector]), ((1 << PLACE.bits) - 1) << SHIFT);
    if constexpr (PLACE.above < 0) {
        return low;
    } else {
        return both(low, masked(words_down<PLACE.above_shift - ABOVE>(vectors[PLACE.above]), 1 << ABOVE));
    }
}

// The factors of a side's pieces. Those of Q3_K, which have signs, stand in the upper bytes of their halves and count 256 times: whole
// numbers still fit 32 bits (8 pieces · 4 columns · 4 · 16 · 127 · 32 · 256), and there is nothing to be done for the signs.
template <class K, int SIDE> struct Factors {
    static constexpr int UP = K::has_least ? 0 : 8;

    SNUG_TARGET SNUG_EACH explicit Factors(const KBlock<K, ROWS> & block) {
        const Ints first = load(block.factors[SIDE][0]);
        quads[0]         = K::has_least ? masked(first, 15) : first;
        quads[1]         = K::has_least ? masked(words_down<4>(first), 15) : load(block.factors[SIDE][1]);
    }

    SNUG_TARGET SNUG_EACH void of_pieces(Ints * to) const {
        for (int quad = 0; quad < QUADS; ++quad) {
            to[quad * UNIT]     = of<0>(quad);
            to[quad * UNIT + 1] = of<1>(quad);
            to[quad * UNIT + 2] = of<2>(quad);
            to[quad * UNIT + 3] = of<3>(quad);
        }
    }

  private:
    template <int NUMBER> SNUG_TARGET SNUG_EACH Ints of(int quad) const {
        return spread<factor_places(UP == 0 ? 0x8000 | NUMBER : 0x80 | NUMBER << 8)>(quads[quad]);
    }

    Ints quads[QUADS];
};

// the minimums of lane 4 · SIDE + NUMBER: two runs' in the halves of each row's lane
template <class K, int SIDE, int NUMBER> SNUG_OPERATION Ints minimums_of(const KBlock<K, ROWS> & block) {
    return masked_words(words_down<4 * NUMBER>(load(block.factors[SIDE][1])), 15);
}

// what minimums are multiplied with, less than nothing
template <class K> SNUG_OPERATION Floats leasts_of(const KScales<K, ROWS> & scales, float token) {
    if constexpr (K::has_least) {
        return scales_of(scales.scale[1], -token);
    } else {
        return zeros();
    }
}

template <class K> struct Vectors {
    Ints of[K::vectors];

    SNUG_TARGET SNUG_EACH Vectors(const KBlock<K, ROWS> & block, int piece) {
        for (int i = 0; i < K::vectors; ++i) {
            of[i] = load(block.codes[piece][i]);
        }
    }
};

template <class K, int SIDE, int NUMBER>
SNUG_OPERATION void add_unit(Ints * whole, const Vectors<K> & vectors, const int8_t * values, const int32_t * less, Ints factor) {
    constexpr int LANE  = SIDE * UNIT + NUMBER;
    const Ints    codes = codes_of<K, LANE>(vectors.of);
    if constexpr (K::middle == 0) {
        whole[NUMBER] = add_pairs(whole[NUMBER], products_of(codes, values + LANE * UNIT), factor);
    } else {
        whole[NUMBER] = add_whole(whole[NUMBER], codes, values + LANE * UNIT, less + LANE, factor);
    }
}

template <class K, int SIDE, int NUMBER> SNUG_OPERATION void add_to(Floats * sums, const Ints * whole, Floats scale,
                                                                    const KBlock<K, ROWS> & block, const LoneToken & more, Floats least) {
    constexpr int LANE = SIDE * UNIT + NUMBER;
    if constexpr (K::has_least) {
        sums[LANE] = add_times(sums[LANE], add_pairs(none(), minimums_of<K, SIDE, NUMBER>(block), each(more.runs[LANE])), least);
    }
    sums[LANE] = add_times(sums[LANE], ints_down<shift_of<K>(LANE) + Factors<K, SIDE>::UP>(whole[NUMBER]), scale);
}

// the four lanes of a side
template <class K, int SIDE> SNUG_OPERATION void add_side(Floats * sums, const KBlock<K, ROWS> & block, const TokenBlock & token,
                                                          const LoneToken & more, Floats scale, Floats least) {
    Ints whole[UNIT] = { none(), none(), none(), none() };
    Ints factors[PIECES];
    Factors<K, SIDE>(block).of_pieces(factors);
    SNUG_THROUGH_PIECES for (int piece = 0; piece < PIECES; ++piece) {
        const Vectors<K> vectors(block, piece);
        const auto *     values = token.values + piece * PIECE;
        const auto *     less   = more.less + piece * LANES;
        add_unit<K, SIDE, 0>(whole, vectors, values, less, factors[piece]);
        add_unit<K, SIDE, 1>(whole, vectors, values, less, factors[piece]);
        add_unit<K, SIDE, 2>(whole, vectors, values, less, factors[piece]);
        add_unit<K, SIDE, 3>(whole, vectors, values, less, factors[piece]);
    }
    add_to<K, SIDE, 0>(sums, whole, scale, block, more, least);
    add_to<K, SIDE, 1>(sums, whole, scale, block, more, least);
    add_to<K, SIDE, 2>(sums, whole, scale, block, more, least);
    add_to<K, SIDE, 3>(sums, whole, scale, block, more, least);
}

template <class K>
SNUG_TARGET void decode(const KTile<K, ROWS> & tile, int64_t blocks, const TokenBlock * token, const LoneToken * more, float * to) {
    Floats sums[LANES];
    std::fill_n(sums, LANES, zeros());
    for (int64_t number = 0; number < blocks; ++number, ++token, ++more) {
        const auto & block = tile.blocks[number];
        prefetch(reinterpret_cast<uintptr_t>(&block) + PREFETCHED, sizeof(block));
        const Floats scale = scales_of(tile.scales[number].scale[0], token->scale);
        const Floats least = leasts_of(tile.scales[number], token->scale);
        add_side<K, 0>(sums, block, *token, *more, scale, least);
        add_side<K, 1>(sums, block, *token, *more, scale, least);
    }
    store(to, over_lanes(sums));
}

} // namespace

} // namespace snug::kernels
