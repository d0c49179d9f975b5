// The products with ternary planes, for one instruction set: included by a file that has said SNUG_TARGET and, in an unnamed namespace,
// what a vector of ROWS rows is and how it multiplies. No #pragma once: each of them compiles its own.
//
// Products are the same to the bit as those of ggml's code for AVX2: a row's sums are kept as it keeps them, in whole numbers within a
// block, in floats over the blocks. For few tokens (ggml_vec_dot_iq1_m_q8_K) in eight lanes, of which lane l has the columns 32n + 4l to
// 32n + 4l + 3, what the codes come to and what the shifts come to apart. For many (iqp.cpp) all in one, in eighths.

namespace snug::kernels {

namespace {

constexpr int VECTORS = TILE / ROWS;
constexpr int PAIRS   = PIECES / 2;

// What is to be known of a token beside its block, for lanes.
struct alignas(ALIGNMENT) LaneSums {
    int32_t less[UNITS];                  // what codes from 0 to 2 count too much, as add_whole takes it
    int16_t units[SIDES][UNIT][PAIRS][2]; // of two pieces that follow one another side by side
};

// A block of a token for panels: its values from 0 to 255, as the weights have the signs.
struct alignas(ALIGNMENT) PanelToken {
    uint8_t values[BLOCK];
    int16_t groups[SIDES][HALVES][PAIRS][2];
    float   scale;
};

size_t prepared_bytes(int64_t blocks, int64_t count, bool panels) {
    return blocks * count * (panels ? sizeof(PanelToken) : sizeof(LaneSums));
}

SNUG_TARGET void prepare_lanes(const TokenBlock & token, LaneSums & to) {
    for (int unit = 0; unit < UNITS; ++unit) {
        const int8_t * four  = token.values + unit * UNIT;
        const int      piece = unit / LANES, lane = unit % LANES;
        to.less[unit]                                            = less_of(four, 1);
        to.units[lane / UNIT][lane % UNIT][piece / 2][piece % 2] = static_cast<int16_t>(four[0] + four[1] + four[2] + four[3]);
    }
}

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

// The sums of a vector of rows.
template <bool ONE_SHIFT> struct Sums {
    Floats whole[LANES];
    Floats shifted[ONE_SHIFT ? 1 : LANES];

    SNUG_TARGET void clear() {
        for (auto & lane : whole) {
            lane = zeros();
        }
        for (auto & lane : shifted) {
            lane = zeros();
        }
    }

    SNUG_TARGET Floats total() const { return plus(over_lanes(whole), eighth(ONE_SHIFT ? shifted[0] : over_lanes(shifted))); }
};

// The four lanes of a side of a block for one token.
struct Side {
    Ints whole[UNIT];
    Ints shifted[UNIT];
};

template <int S>
SNUG_TARGET SNUG_EACH void add_unit(Side & side, Ints four, const TokenBlock & token, const LaneSums & sums, int run, Ints factor) {
    const int unit = run * UNIT + S;
    side.whole[S]  = add_whole(side.whole[S], code<S>(four), token.values + unit * UNIT, sums.less + unit, factor);
}

SNUG_TARGET SNUG_EACH Side side_of(const TernaryCodes & codes, const TernaryScales & scales, const TokenBlock & token,
                                   const LaneSums & sums, int vector, int number) {
    Side side{ { none(), none(), none(), none() }, { none(), none(), none(), none() } };
    for (int pair = 0; pair < PAIRS; ++pair) {
        const Ints factors = factors_of(scales, vector, number, pair);
        for (int odd = 0; odd < 2; ++odd) {
            const int  run    = SIDES * (2 * pair + odd) + number;
            const Ints four   = load(codes.runs[run] + vector * ROWS * UNIT);
            const Ints factor = one_of(factors, odd);
            add_unit<0>(side, four, token, sums, run, factor);
            add_unit<1>(side, four, token, sums, run, factor);
            add_unit<2>(side, four, token, sums, run, factor);
            add_unit<3>(side, four, token, sums, run, factor);
        }
        for (int half = 0; half < HALVES; ++half) {
            const Ints shifts = less_below(factors, scales.below[number][half] + 2 * pair, vector);
            for (int s = 2 * half; s < 2 * half + 2; ++s) {
                side.shifted[s] = add_pairs(side.shifted[s], shifts, each(sums.units[number][s][pair]));
            }
        }
    }
    return side;
}

template <bool ONE_SHIFT>
SNUG_TARGET void decode(const TernaryTile & tile, const TokenBlock * token, const LaneSums * prepared, float * to) {
    Sums<ONE_SHIFT> sums[VECTORS];
    for (auto & of_vector : sums) {
        of_vector.clear();
    }
    for (int64_t block = 0; block < tile.blocks; ++block) {
        for (int vector = 0; vector < VECTORS; ++vector) {
            auto &       of_vector = sums[vector];
            const Floats scale     = scales_of(tile.scales[block].scale + vector * ROWS, token[block].scale);
            Ints         one_shift = none();
            for (int number = 0; number < SIDES; ++number) {
                const Side side = side_of(tile.codes[block], tile.scales[block], token[block], prepared[block], vector, number);
                for (int s = 0; s < UNIT; ++s) {
                    const int lane        = number * UNIT + s;
                    of_vector.whole[lane] = add_times(of_vector.whole[lane], side.whole[s], scale);
                    if constexpr (ONE_SHIFT) {
                        one_shift = add(one_shift, side.shifted[s]);
                    } else {
                        of_vector.shifted[lane] = add_times(of_vector.shifted[lane], side.shifted[s], scale);
                    }
                }
            }
            if constexpr (ONE_SHIFT) {
                of_vector.shifted[0] = add_times(of_vector.shifted[0], one_shift, scale);
            }
        }
    }
    for (int vector = 0; vector < VECTORS; ++vector) {
        store(to + vector * ROWS, sums[vector].total());
    }
}

// A vector of rows of a block as bytes with their factors multiplied in, so that many tokens need not.
struct alignas(ALIGNMENT) Panel {
    int8_t  units[UNITS][ROWS * UNIT];
    int16_t shifts[SIDES][HALVES][PAIRS][ROWS * 2]; // factors with their signs
    int32_t lift[ROWS];                             // what the whole has too much where 128 was added to all values
};

template <int S> SNUG_TARGET SNUG_EACH Ints unpack_unit(Ints four, Ints factor, Ints sum, int8_t * to) {
    const Ints weights = times_factor(minus_one(code<S>(four)), factor);
    save(to, weights);
    return add_four(sum, weights);
}

SNUG_TARGET void unpack(const TernaryCodes & codes, const TernaryScales & scales, int vector, Panel & to) {
    Ints sum = none();
    for (int side = 0; side < SIDES; ++side) {
        for (int pair = 0; pair < PAIRS; ++pair) {
            const Ints factors = factors_of(scales, vector, side, pair);
            for (int odd = 0; odd < 2; ++odd) {
                const int  run    = SIDES * (2 * pair + odd) + side;
                const Ints four   = load(codes.runs[run] + vector * ROWS * UNIT);
                const Ints factor = in_bytes(factors, odd);
                auto *     units  = to.units + run * UNIT;
                sum               = unpack_unit<0>(four, factor, sum, units[0]);
                sum               = unpack_unit<1>(four, factor, sum, units[1]);
                sum               = unpack_unit<2>(four, factor, sum, units[2]);
                sum               = unpack_unit<3>(four, factor, sum, units[3]);
            }
            for (int half = 0; half < HALVES; ++half) {
                save(to.shifts[side][half][pair], less_below(factors, scales.below[side][half] + 2 * pair, vector));
            }
        }
    }
    save(to.lift, minus_128_times(sum));
}

// COUNT tokens times a block of a tile's panels: sums[COUNT][VECTORS]. All vectors of rows at once: what is loaded bounds it, and they
// share what is loaded of a token.
template <int COUNT> SNUG_TARGET SNUG_EACH void add_block(const Panel * panels, const TernaryScales & scales, const PanelToken * tokens,
                                                          Floats (*sums)[VECTORS]) {
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
            sums[i][vector]    = add_times(sums[i][vector], eighths, eighth(scales_of(scales.scale + vector * ROWS, tokens[i].scale)));
        }
    }
}

SNUG_TARGET void multiply_panels(const TernaryTile & tile, const PanelToken * tokens, int64_t count, float * to) {
    Floats sums[TOKENS_AT_ONCE][VECTORS];
    Panel  panels[VECTORS];
    for (int64_t i = 0; i < count; ++i) {
        std::fill_n(sums[i], VECTORS, zeros());
    }
    for (int64_t block = 0; block < tile.blocks; ++block) {
        const auto & scales   = tile.scales[block];
        const auto * of_block = tokens + block * count;
        for (int vector = 0; vector < VECTORS; ++vector) {
            unpack(tile.codes[block], scales, vector, panels[vector]);
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

void multiply(const TernaryTile & tile, bool one_shift, const Tokens & tokens, const void * prepared, float * sums) {
    if (tokens.panels) {
        multiply_panels(tile, static_cast<const PanelToken *>(prepared), tokens.count, sums);
        return;
    }
    for (int64_t i = 0; i < tokens.count; ++i) {
        const auto * token   = tokens.blocks + i * tile.blocks;
        const auto * of_lane = static_cast<const LaneSums *>(prepared) + i * tile.blocks;
        one_shift ? decode<true>(tile, token, of_lane, sums + i * TILE) : decode<false>(tile, token, of_lane, sums + i * TILE);
    }
}

} // namespace

} // namespace snug::kernels
