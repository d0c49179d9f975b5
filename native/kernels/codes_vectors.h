// One token times rows of codes (codes.h), for one instruction set: included after rows_avx2.h or one of its kind. No #pragma once: each
// file compiles its own.

#include "prefetch.h"

#include <algorithm>
#include <cstring>

namespace snug::kernels {

namespace {

// How far ahead weights are asked for: without that Q2_K is slower than llama.cpp's.
constexpr int PREFETCHED = 8192;

// The bits below a lane's codes as they are multiplied, of which none is the uppermost of its byte: products fit 16 bits so.
template <class C> constexpr int shift_of(int lane) { return C::looks_up ? 0 : std::min(C::place(lane).shift, 4); }

// what codes count too much of a token's units
template <class C> SNUG_TARGET void less_of_units(const TokenBlock & token, int32_t (&less)[UNITS]) {
    for (int unit = 0; unit < UNITS; ++unit) {
        less[unit] = less_of(token.values + unit * UNIT, C::middle << shift_of<C>(unit % LANES));
    }
}

// the codes of a lane, shift_of bits up
template <class C, int LANE> SNUG_OPERATION Ints codes_of(const Ints * vectors) {
    constexpr CodePlace PLACE = C::place(LANE);
    constexpr int       SHIFT = shift_of<C>(LANE), ABOVE = SHIFT + PLACE.bits;
    const Ints          low = masked(words_down<PLACE.shift - SHIFT>(vectors[PLACE.vector]), ((1 << PLACE.bits) - 1) << SHIFT);
    if constexpr (PLACE.above < 0) {
        return low;
    } else {
        return both(low, masked(words_down<PLACE.above_shift - ABOVE>(vectors[PLACE.above]), 1 << ABOVE));
    }
}

// what is multiplied with a token: codes, shift_of bits up, or what they stand for
template <class C, int LANE> SNUG_OPERATION Ints levels_of(const Ints * vectors) {
    const Ints codes = codes_of<C, LANE>(vectors);
    if constexpr (C::looks_up) {
        return looked_up(table_of(C::values), codes);
    } else {
        return codes;
    }
}

// The factors of a side's pieces. Those with signs stand in the upper bytes of their halves and count 256 times: whole numbers still fit 32
// bits (of Q3_K 8 pieces · 4 columns · 4 · 16 · 127 · 32 · 256), and there is nothing to be done for the signs.
template <class C, int SIDE> struct Factors {
    static constexpr int UP = C::factors == FactorBits::eight ? 8 : 0;

    SNUG_TARGET SNUG_EACH explicit Factors(const CodeBlock<C, ROWS> & block) {
        const auto & vectors = block.factors[SIDE % factor_sides<C>()];
        const Ints   first   = load(vectors[0]);
        if constexpr (C::factors == FactorBits::eight) {
            quads[0] = first;
            quads[1] = load(vectors[1]);
        } else if constexpr (C::factors == FactorBits::four) {
            quads[0] = masked(first, 15);
            quads[1] = masked(words_down<4>(first), 15);
        } else {
            quads[0] = both(masked(ints_up<1>(first), 30), bytes(1));
            quads[1] = both(masked(words_down<3>(first), 30), bytes(1));
        }
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
template <class C, int SIDE, int NUMBER> SNUG_OPERATION Ints minimums_of(const CodeBlock<C, ROWS> & block) {
    return masked_words(words_down<4 * NUMBER>(load(block.factors[SIDE][1])), 15);
}

// what minimums are multiplied with, less than nothing
template <class C> SNUG_OPERATION Floats leasts_of(const CodeScales<C, ROWS> & scales, float token) {
    if constexpr (C::has_least) {
        return scales_of(scales.scale[1], -token);
    } else {
        return zeros();
    }
}

template <class C> struct Vectors {
    Ints of[C::vectors];

    SNUG_TARGET SNUG_EACH Vectors(const CodeBlock<C, ROWS> & block, int piece) {
        for (int i = 0; i < C::vectors; ++i) {
            of[i] = load(block.codes[piece][i]);
        }
    }
};

template <class C, int SIDE, int NUMBER>
SNUG_OPERATION void add_unit(Ints * whole, const Vectors<C> & vectors, const int8_t * values, const int32_t * less, Ints factor) {
    constexpr int LANE  = SIDE * UNIT + NUMBER;
    const Ints    codes = levels_of<C, LANE>(vectors.of);
    if constexpr (C::middle == 0) {
        whole[NUMBER] = add_pairs(whole[NUMBER], products_of(codes, values + LANE * UNIT), factor);
    } else {
        whole[NUMBER] = add_whole(whole[NUMBER], codes, values + LANE * UNIT, less + LANE, factor);
    }
}

template <class C, int SIDE, int NUMBER, class Token> SNUG_OPERATION void add_to(Floats * sums, const Ints * whole, Floats scale,
                                                                                 const CodeBlock<C, ROWS> & block, const Token & more,
                                                                                 Floats least) {
    constexpr int LANE = SIDE * UNIT + NUMBER;
    if constexpr (C::has_least) {
        sums[LANE] = add_times(sums[LANE], add_pairs(none(), minimums_of<C, SIDE, NUMBER>(block), each(more.runs[LANE])), least);
    }
    sums[LANE] = add_times(sums[LANE], ints_down<shift_of<C>(LANE) + Factors<C, SIDE>::UP>(whole[NUMBER]), scale);
}

// the four lanes of a side
template <class C, int SIDE, class Token> SNUG_OPERATION void add_side(Floats * sums, const CodeBlock<C, ROWS> & block,
                                                                       const TokenBlock & token, const Token & more, Floats scale,
                                                                       Floats least) {
    Ints whole[UNIT] = { none(), none(), none(), none() };
    Ints factors[PIECES];
    Factors<C, SIDE>(block).of_pieces(factors);
    SNUG_THROUGH_PIECES for (int piece = 0; piece < PIECES; ++piece) {
        const Vectors<C> vectors(block, piece);
        const auto *     values = token.values + piece * PIECE;
        const auto *     less   = more.less + piece * LANES;
        add_unit<C, SIDE, 0>(whole, vectors, values, less, factors[piece]);
        add_unit<C, SIDE, 1>(whole, vectors, values, less, factors[piece]);
        add_unit<C, SIDE, 2>(whole, vectors, values, less, factors[piece]);
        add_unit<C, SIDE, 3>(whole, vectors, values, less, factors[piece]);
    }
    add_to<C, SIDE, 0>(sums, whole, scale, block, more, least);
    add_to<C, SIDE, 1>(sums, whole, scale, block, more, least);
    add_to<C, SIDE, 2>(sums, whole, scale, block, more, least);
    add_to<C, SIDE, 3>(sums, whole, scale, block, more, least);
}

// `more` is what is to be known of a token's blocks beside them: `less` of their units and, for layouts with minimums, the sums of their
// `runs`.
template <class C, class Token>
SNUG_TARGET void decode(const CodeTile<C, ROWS> & tile, int64_t blocks, const TokenBlock * token, const Token * more, float * to) {
    Floats sums[LANES];
    std::fill_n(sums, LANES, zeros());
    for (int64_t number = 0; number < blocks; ++number, ++token, ++more) {
        const auto & block = tile.blocks[number];
        prefetch(reinterpret_cast<uintptr_t>(&block) + PREFETCHED, sizeof(block));
        const Floats scale = scales_of(tile.scales[number].scale[0], token->scale);
        const Floats least = leasts_of(tile.scales[number], token->scale);
        add_side<C, 0>(sums, block, *token, *more, scale, least);
        add_side<C, 1>(sums, block, *token, *more, scale, least);
    }
    store(to, over_lanes(sums));
}

} // namespace

} // namespace snug::kernels
