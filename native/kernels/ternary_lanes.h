// Ternary planes times few tokens, one by one, as ggml's code for AVX2 adds them up (ggml_vec_dot_iq1_m_q8_K): in eight lanes of a row, of
// which lane l has the columns 32n + 4l to 32n + 4l + 3, what the codes come to and what the shifts come to apart. Included by
// ternary_vectors.h.

namespace snug::kernels {

namespace {

// the bits below a lane's codes in their bytes, where they stay
constexpr int shift_of(int lane) { return 2 * (lane % UNIT); }

template <int S> SNUG_OPERATION Ints code_at(Ints four) { return masked(four, static_cast<int8_t>(3 << shift_of(S))); }

// What is to be known of a token beside its block, for lanes.
struct alignas(ALIGNMENT) LaneSums {
    int32_t less[UNITS];                  // what codes from 0 to 2 count too much, as add_whole takes it
    int16_t units[SIDES][UNIT][PAIRS][2]; // of two pieces that follow one another side by side
    int16_t pieces[PAIRS][2];
};

SNUG_TARGET void prepare_lanes(const TokenBlock & token, LaneSums & to) {
    for (int number = 0; number < PIECES; ++number) {
        int sum = 0;
        for (int lane = 0; lane < LANES; ++lane) {
            const int      unit    = number * LANES + lane;
            const int8_t * four    = token.values + unit * UNIT;
            const int      of_unit = four[0] + four[1] + four[2] + four[3];
            to.less[unit]          = less_of(four, 1 << shift_of(lane));
            sum += of_unit;
            to.units[lane / UNIT][lane % UNIT][number / 2][number % 2] = static_cast<int16_t>(of_unit);
        }
        to.pieces[number / 2][number % 2] = static_cast<int16_t>(sum);
    }
}

// Adds what a run comes to: four lanes. Codes stay where they are in their bytes.
template <int SIDE, int NUMBER> SNUG_OPERATION void add_run(Ints * whole, const TernaryBlock & block, const TokenBlock & token,
                                                            const LaneSums & sums, int vector, int quad, Ints factors) {
    const int    run    = (quad * UNIT + NUMBER) * SIDES + SIDE;
    const Ints   four   = load(block.codes[run] + vector * ROWS * UNIT);
    const Ints   factor = spread<factor_places(0x8000 | NUMBER)>(factors);
    const auto * values = token.values + run * RUN;
    const auto * less   = sums.less + run * UNIT;
    whole[0]            = in_turn(add_whole(whole[0], code_at<0>(four), values, less, factor));
    whole[1]            = in_turn(add_whole(whole[1], code_at<1>(four), values + UNIT, less + 1, factor));
    whole[2]            = in_turn(add_whole(whole[2], code_at<2>(four), values + 2 * UNIT, less + 2, factor));
    whole[3]            = in_turn(add_whole(whole[3], code_at<3>(four), values + 3 * UNIT, less + 3, factor));
}

template <int SIDE, int QUAD, int HALF>
SNUG_OPERATION void add_shifts(Ints * shifted, Ints factors, const Signs & signs, const LaneSums & sums) {
    const Ints with_signs = signs.of<below_bit(SIDE, HALF, QUAD)>(factors);
    const Ints first = pair_of<0>(with_signs), second = pair_of<1>(with_signs);
    for (int s = 2 * HALF; s < 2 * HALF + 2; ++s) {
        shifted[s] = in_turn(add_pairs(shifted[s], first, each(sums.units[SIDE][s][2 * QUAD])));
        shifted[s] = in_turn(add_pairs(shifted[s], second, each(sums.units[SIDE][s][2 * QUAD + 1])));
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

// the four lanes of a side of a block for one token
template <int SIDE> SNUG_OPERATION void add_whole_of(Floats * sums, const TernaryBlock & block, const TokenBlock & token,
                                                     const LaneSums & prepared, int vector, Floats scale) {
    Ints whole[UNIT] = { none(), none(), none(), none() };
    for (int quad = 0; quad < QUADS; ++quad) {
        const Ints factors = factors_of<SIDE>(block, vector, quad);
        add_run<SIDE, 0>(whole, block, token, prepared, vector, quad, factors);
        add_run<SIDE, 1>(whole, block, token, prepared, vector, quad, factors);
        add_run<SIDE, 2>(whole, block, token, prepared, vector, quad, factors);
        add_run<SIDE, 3>(whole, block, token, prepared, vector, quad, factors);
    }
    sums[SIDE * UNIT]     = add_times(sums[SIDE * UNIT], whole[0], scale);
    sums[SIDE * UNIT + 1] = add_times(sums[SIDE * UNIT + 1], ints_down<shift_of(1)>(whole[1]), scale);
    sums[SIDE * UNIT + 2] = add_times(sums[SIDE * UNIT + 2], ints_down<shift_of(2)>(whole[2]), scale);
    sums[SIDE * UNIT + 3] = add_times(sums[SIDE * UNIT + 3], ints_down<shift_of(3)>(whole[3]), scale);
}

template <int SIDE> SNUG_OPERATION void add_shifted_of(Floats * sums, const TernaryBlock & block, const Signs & signs,
                                                       const LaneSums & prepared, int vector, Floats scale) {
    Ints       shifted[UNIT] = { none(), none(), none(), none() };
    const Ints first = factors_of<SIDE>(block, vector, 0), second = factors_of<SIDE>(block, vector, 1);
    add_shifts<SIDE, 0, 0>(shifted, first, signs, prepared);
    add_shifts<SIDE, 0, 1>(shifted, first, signs, prepared);
    add_shifts<SIDE, 1, 0>(shifted, second, signs, prepared);
    add_shifts<SIDE, 1, 1>(shifted, second, signs, prepared);
    for (int s = 0; s < UNIT; ++s) {
        sums[SIDE * UNIT + s] = add_times(sums[SIDE * UNIT + s], ints_down<8>(shifted[s]), scale);
    }
}

// IQ1_S has one factor and one shift for all of a piece
template <int QUAD>
SNUG_OPERATION Ints add_one_shift(Ints sum, const TernaryBlock & block, const Signs & signs, const LaneSums & prepared, int vector) {
    const Ints with_signs = signs.of<below_bit(0, 0, QUAD)>(factors_of<0>(block, vector, QUAD));
    sum                   = add_pairs(sum, pair_of<0>(with_signs), each(prepared.pieces[2 * QUAD]));
    return add_pairs(sum, pair_of<1>(with_signs), each(prepared.pieces[2 * QUAD + 1]));
}

// A block of a vector of rows. Apart, as a compiler would keep all it loads of a token for the next vector, which no registers are left for.
template <bool ONE_SHIFT> SNUG_TARGET SNUG_APART void add_rows(Sums<ONE_SHIFT> & sums, const TernaryBlock & block, const TokenBlock & token,
                                                               const LaneSums & prepared, int vector, const uint16_t * scales) {
    const Floats scale = scales_of(scales, token.scale);
    add_whole_of<0>(sums.whole, block, token, prepared, vector, scale);
    add_whole_of<1>(sums.whole, block, token, prepared, vector, scale);
    const Signs signs(load(block.below + vector * ROWS * UNIT));
    if constexpr (ONE_SHIFT) {
        const Ints sum  = add_one_shift<1>(add_one_shift<0>(none(), block, signs, prepared, vector), block, signs, prepared, vector);
        sums.shifted[0] = add_times(sums.shifted[0], ints_down<8>(sum), scale);
    } else {
        add_shifted_of<0>(sums.shifted, block, signs, prepared, vector, scale);
        add_shifted_of<1>(sums.shifted, block, signs, prepared, vector, scale);
    }
}

template <bool ONE_SHIFT>
SNUG_TARGET void decode(const TernaryTile & tile, const TokenBlock * token, const LaneSums * prepared, float * to) {
    Sums<ONE_SHIFT> sums[VECTORS];
    for (auto & of_vector : sums) {
        of_vector.clear();
    }
    for (int64_t number = 0; number < tile.count; ++number) {
        prefetch_after(tile, number);
        for (int vector = 0; vector < VECTORS; ++vector) {
            add_rows(sums[vector], tile.blocks[number], token[number], prepared[number], vector, tile.scales[number] + vector * ROWS);
        }
    }
    for (int vector = 0; vector < VECTORS; ++vector) {
        store(to + vector * ROWS, sums[vector].total());
    }
}

} // namespace

} // namespace snug::kernels
