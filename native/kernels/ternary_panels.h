// Ternary planes times many tokens, as ggml's panels add them up (iqp.cpp): all columns of a block in one sum, in eighths. Included by
// ternary_vectors.h.

namespace snug::kernels {

namespace {

// A block of a token for panels: its values from 0 to 255, as the weights have the signs.
struct alignas(ALIGNMENT) PanelToken {
    uint8_t values[BLOCK];
    int16_t groups[SIDES][HALVES][PAIRS][2];
    float   scale;
};

SNUG_TARGET void prepare_panel(const TokenBlock & token, PanelToken & to) {
    for (int column = 0; column < BLOCK; ++column) {
        to.values[column] = static_cast<uint8_t>(token.values[column] + 128);
    }
    for (int group = 0; group < GROUPS; ++group) {
        const int piece                                                         = group / (SIDES * HALVES);
        to.groups[group / HALVES % SIDES][group % HALVES][piece / 2][piece % 2] = token.sums[group];
    }
    to.scale = token.scale;
}

// A vector of rows of a block as bytes with their factors multiplied in, so that many tokens need not.
struct alignas(ALIGNMENT) Panel {
    int8_t  units[UNITS][ROWS * UNIT];
    int16_t shifts[SIDES][HALVES][PAIRS][ROWS * 2]; // factors with their signs
    int32_t lift[ROWS];                             // what the whole has too much where 128 was added to all values
};

template <int S> SNUG_OPERATION Ints unpack_unit(Ints four, Ints factor, Ints sum, int8_t * to) {
    const Ints weights = times_factor(less(masked(words_down<2 * S>(four), 3), bytes(1)), factor);
    save(to, weights);
    return add_four(sum, weights);
}

template <int SIDE, int QUAD, int NUMBER>
SNUG_OPERATION Ints unpack_run(const TernaryBlock & block, int vector, Ints factors, Ints sum, Panel & to) {
    constexpr int RUN_NUMBER = (QUAD * UNIT + NUMBER) * SIDES + SIDE;
    const Ints    four       = load(block.codes[RUN_NUMBER] + vector * ROWS * UNIT);
    const Ints    factor     = spread<NUMBER * 0x01010101>(factors);
    auto *        units      = to.units + RUN_NUMBER * UNIT;
    sum                      = unpack_unit<0>(four, factor, sum, units[0]);
    sum                      = unpack_unit<1>(four, factor, sum, units[1]);
    sum                      = unpack_unit<2>(four, factor, sum, units[2]);
    return unpack_unit<3>(four, factor, sum, units[3]);
}

template <int SIDE, int QUAD, int HALF> SNUG_OPERATION void unpack_shifts(const Signs & signs, Ints factors, Panel & to) {
    const Ints with_signs = signs.of<below_bit(SIDE, HALF, QUAD)>(factors);
    save(to.shifts[SIDE][HALF][2 * QUAD], signed_words_down<8>(pair_of<0>(with_signs)));
    save(to.shifts[SIDE][HALF][2 * QUAD + 1], signed_words_down<8>(pair_of<1>(with_signs)));
}

template <int SIDE, int QUAD>
SNUG_OPERATION Ints unpack_quad(const TernaryBlock & block, int vector, const Signs & signs, Ints sum, Panel & to) {
    const Ints factors = factors_of<SIDE>(block, vector, QUAD);
    unpack_shifts<SIDE, QUAD, 0>(signs, factors, to);
    unpack_shifts<SIDE, QUAD, 1>(signs, factors, to);
    sum = unpack_run<SIDE, QUAD, 0>(block, vector, factors, sum, to);
    sum = unpack_run<SIDE, QUAD, 1>(block, vector, factors, sum, to);
    sum = unpack_run<SIDE, QUAD, 2>(block, vector, factors, sum, to);
    return unpack_run<SIDE, QUAD, 3>(block, vector, factors, sum, to);
}

SNUG_TARGET void unpack(const TernaryBlock & block, int vector, Panel & to) {
    const Signs signs(load(block.below + vector * ROWS * UNIT));
    Ints        sum = unpack_quad<0, 0>(block, vector, signs, none(), to);
    sum             = unpack_quad<0, 1>(block, vector, signs, sum, to);
    sum             = unpack_quad<1, 0>(block, vector, signs, sum, to);
    sum             = unpack_quad<1, 1>(block, vector, signs, sum, to);
    save(to.lift, minus_128_times(sum));
}

// COUNT tokens times a block of a tile's panels: sums[COUNT][VECTORS]. All vectors of rows at once: what is loaded bounds it, and they
// share what is loaded of a token.
template <int COUNT>
SNUG_TARGET SNUG_EACH void add_block(const Panel * panels, const uint16_t * scales, const PanelToken * tokens, Floats (*sums)[VECTORS]) {
    Ints whole[COUNT][VECTORS], shifted[COUNT][VECTORS];
    whole_of(panels, tokens, whole);
    for (auto & of_token : shifted) {
        for (auto & sum : of_token) {
            sum = none();
        }
    }
    for (int number = 0; number < SIDES * HALVES * PAIRS; ++number) {
        Ints shifts[VECTORS];
        for (int vector = 0; vector < VECTORS; ++vector) {
            shifts[vector] = load(panels[vector].shifts[0][0][0] + number * ROWS * 2);
        }
        for (int i = 0; i < COUNT; ++i) {
            const Ints pair = each(tokens[i].groups[0][0][0] + number * 2);
            for (int vector = 0; vector < VECTORS; ++vector) {
                shifted[i][vector] = add_pairs(shifted[i][vector], shifts[vector], pair);
            }
        }
    }
    for (int i = 0; i < COUNT; ++i) {
        for (int vector = 0; vector < VECTORS; ++vector) {
            const Ints eighths = add(eight_times(whole[i][vector]), shifted[i][vector]);
            sums[i][vector]    = add_times(sums[i][vector], eighths, eighth(scales_of(scales + vector * ROWS, tokens[i].scale)));
        }
    }
}

SNUG_TARGET void multiply_panels(const TernaryTile & tile, const PanelToken * tokens, int64_t count, float * to) {
    Floats sums[TOKENS_AT_ONCE][VECTORS];
    Panel  panels[VECTORS];
    for (int64_t i = 0; i < count; ++i) {
        std::fill_n(sums[i], VECTORS, zeros());
    }
    for (int64_t block = 0; block < tile.count; ++block) {
        prefetch_after(tile, block);
        const auto * scales   = tile.scales[block];
        const auto * of_block = tokens + block * count;
        for (int vector = 0; vector < VECTORS; ++vector) {
            unpack(tile.blocks[block], vector, panels[vector]);
        }
        int64_t i = 0;
        for (; i + TOGETHER <= count; i += TOGETHER) {
            add_block<TOGETHER>(panels, scales, of_block + i, sums + i);
        }
        for (; i < count; ++i) {
            add_block<1>(panels, scales, of_block + i, sums + i);
        }
    }
    for (int64_t i = 0; i < count; ++i) {
        for (int vector = 0; vector < VECTORS; ++vector) {
            store(to + i * TILE + vector * ROWS, sums[i][vector]);
        }
    }
}

} // namespace

} // namespace snug::kernels
