// Four rows in the lanes of a vector, four columns of each in a lane: four vectors a tile. Sums are whole numbers up to a block's end, where
// a float is added for it: the order of ggml's code for ARM, for any number of tokens.
#include "processors.h"
#include "ternary_kernels.h"

#ifdef SNUG_ARM

#    include <cstring>

namespace snug::kernels {

namespace {

constexpr int   QUARTERS = TILE / UNIT;
constexpr int   ROWS     = TILE / 2; // of a vector of 16 bits
constexpr int   SUMS     = 8;        // of groups that are loaded at once
constexpr float EIGHTH   = 0.125f;

// Of four pieces of 16 rows what they have beside their codes.
struct Quad {
    uint8x16x4_t factors; // of both runs of a piece
    uint8x16x4_t below;   // with the bits below_bit(side, half, 0)

    SNUG_NEON SNUG_EACH Quad(const TernaryBlock & block, int quad) : factors(vld4q_u8(block.factors[quad])), below(vld4q_u8(block.below)) {
        const int8x16_t down = vdupq_n_s8(static_cast<int8_t>(-below_bit(0, 0, quad)));
        below.val[0]         = vshlq_u8(below.val[0], down);
        below.val[1]         = vshlq_u8(below.val[1], down);
        below.val[2]         = vshlq_u8(below.val[2], down);
        below.val[3]         = vshlq_u8(below.val[3], down);
    }
};

template <int SIDE> SNUG_NEON SNUG_EACH uint8x16_t factors_of(uint8x16_t both) {
    return SIDE == 0 ? vandq_u8(both, vdupq_n_u8(15)) : vshrq_n_u8(both, 4);
}

// What the sum of a group counts, in eighths: a code stands for one less.
template <int SIDE, int HALF> SNUG_NEON SNUG_EACH int8x16_t shifts_of(uint8x16_t below) {
    return vbslq_s8(vtstq_u8(below, vdupq_n_u8(1 << below_bit(SIDE, HALF, 0))), vdupq_n_s8(-9), vdupq_n_s8(-7));
}

// the first eight rows of a tile, or the others
SNUG_NEON SNUG_EACH int16x8_t half_of(uint8x16_t rows, int half) {
    return vreinterpretq_s16_u16(half == 0 ? vmovl_u8(vget_low_u8(rows)) : vmovl_high_u8(rows));
}

SNUG_NEON SNUG_EACH int16x8_t half_of(int8x16_t rows, int half) { return half == 0 ? vmovl_s8(vget_low_s8(rows)) : vmovl_high_s8(rows); }

SNUG_NEON SNUG_EACH float32x4_t scale_of(const uint16_t * scales, int quarter, float token) {
    return vmulq_n_f32(vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(scales + quarter * UNIT))), EIGHTH * token);
}

// The sums of a run of 16 values for four rows, of codes that count from 0.
SNUG_NEON SNUG_EACH int32x4_t codes_times(uint8x16_t q, int8x16_t values) {
    const uint8x16_t mask = vdupq_n_u8(3);
    int32x4_t        sum  = vdupq_n_s32(0);
    sum                   = vdotq_laneq_s32(sum, vreinterpretq_s8_u8(vandq_u8(q, mask)), values, 0);
    sum                   = vdotq_laneq_s32(sum, vreinterpretq_s8_u8(vandq_u8(vshrq_n_u8(q, 2), mask)), values, 1);
    sum                   = vdotq_laneq_s32(sum, vreinterpretq_s8_u8(vandq_u8(vshrq_n_u8(q, 4), mask)), values, 2);
    return vdotq_laneq_s32(sum, vreinterpretq_s8_u8(vshrq_n_u8(q, 6)), values, 3);
}

// What a run comes to for eight rows, in eighths: no more than 9 · 16 · 127. The sums of its groups are from SUM on.
template <int SUM> SNUG_NEON SNUG_EACH int16x8_t run_of(const uint8_t * codes, int8x16_t first_shifts, int8x16_t last_shifts, int half,
                                                        int8x16_t values, int16x8_t sums) {
    const uint8_t * rows = codes + half * ROWS * UNIT;
    const int32x4_t low = codes_times(vld1q_u8(rows), values), high = codes_times(vld1q_u8(rows + UNIT * UNIT), values);
    const int16x8_t whole   = vuzp1q_s16(vreinterpretq_s16_s32(low), vreinterpretq_s16_s32(high));
    const int16x8_t eighths = vmlaq_laneq_s16(vshlq_n_s16(whole, 3), half_of(first_shifts, half), sums, SUM);
    return vmlaq_laneq_s16(eighths, half_of(last_shifts, half), sums, SUM + 1);
}

template <int SIDE, int SUM> SNUG_NEON SNUG_EACH void add_run(const uint8_t * codes, uint8x16_t both_factors, uint8x16_t below,
                                                              const int8_t * from, int16x8_t sums, int32x4_t (&eighths)[QUARTERS]) {
    const int8x16_t  values  = vld1q_s8(from);
    const uint8x16_t factors = factors_of<SIDE>(both_factors);
    const int8x16_t  first = shifts_of<SIDE, 0>(below), last = shifts_of<SIDE, 1>(below);
    for (int half = 0; half < 2; ++half) {
        const int16x8_t sum    = run_of<SUM>(codes, first, last, half, values, sums);
        const int16x8_t factor = half_of(factors, half);
        eighths[2 * half]      = vmlal_s16(eighths[2 * half], vget_low_s16(sum), vget_low_s16(factor));
        eighths[2 * half + 1]  = vmlal_high_s16(eighths[2 * half + 1], sum, factor);
    }
}

// Two pieces of a quad, whose sums are loaded at once.
template <int NUMBER> SNUG_NEON SNUG_EACH void add_pieces(const TernaryBlock & block, const Quad & of, const TokenBlock & token, int quad,
                                                          int32x4_t (&eighths)[QUARTERS]) {
    const int       run    = (quad * UNIT + NUMBER) * SIDES;
    const auto *    values = token.values + run * RUN;
    const int16x8_t sums   = vld1q_s16(token.sums + run * HALVES);
    add_run<0, 0>(block.codes[run], of.factors.val[NUMBER], of.below.val[NUMBER], values, sums, eighths);
    add_run<1, 2>(block.codes[run + 1], of.factors.val[NUMBER], of.below.val[NUMBER], values + RUN, sums, eighths);
    add_run<0, 4>(block.codes[run + 2], of.factors.val[NUMBER + 1], of.below.val[NUMBER + 1], values + 2 * RUN, sums, eighths);
    add_run<1, 6>(block.codes[run + 3], of.factors.val[NUMBER + 1], of.below.val[NUMBER + 1], values + 3 * RUN, sums, eighths);
}

SNUG_NEON void decode(const TernaryTile & tile, const TokenBlock * token, float * to) {
    float32x4_t total[QUARTERS];
    for (auto & quarter : total) {
        quarter = vdupq_n_f32(0);
    }
    for (int64_t number = 0; number < tile.count; ++number) {
        const auto & block = tile.blocks[number];
        int32x4_t    eighths[QUARTERS];
        for (auto & quarter : eighths) {
            quarter = vdupq_n_s32(0);
        }
        for (int quad = 0; quad < QUADS; ++quad) {
            const Quad of(block, quad);
            add_pieces<0>(block, of, token[number], quad, eighths);
            add_pieces<2>(block, of, token[number], quad, eighths);
        }
        for (int quarter = 0; quarter < QUARTERS; ++quarter) {
            const float32x4_t scale = scale_of(tile.scales[number], quarter, token[number].scale);
            total[quarter]          = vfmaq_f32(total[quarter], vcvtq_f32_s32(eighths[quarter]), scale);
        }
    }
    for (int quarter = 0; quarter < QUARTERS; ++quarter) {
        vst1q_f32(to + quarter * UNIT, total[quarter]);
    }
}

// The rows of a block with their factors multiplied in, so that many tokens need not.
struct alignas(64) Unpacked {
    uint8_t units[UNITS][TILE * UNIT];
    int16_t shifts[GROUPS][TILE]; // what the sum of a group counts
};

SNUG_NEON SNUG_EACH void unpack_run(const uint8_t * codes, uint8x16_t factors, uint8_t (*unit)[TILE * UNIT]) {
    // a row's factor four times, for its four columns
    const uint8x16_t low = vzip1q_u8(factors, factors), high = vzip2q_u8(factors, factors);
    const uint8x16_t quarters[] = { vzip1q_u8(low, low), vzip2q_u8(low, low), vzip1q_u8(high, high), vzip2q_u8(high, high) };
    const uint8x16_t mask       = vdupq_n_u8(3);
    for (int quarter = 0; quarter < QUARTERS; ++quarter) {
        const int        place = quarter * UNIT * UNIT;
        const uint8x16_t q     = vld1q_u8(codes + place);
        vst1q_u8(unit[0] + place, vmulq_u8(vandq_u8(q, mask), quarters[quarter]));
        vst1q_u8(unit[1] + place, vmulq_u8(vandq_u8(vshrq_n_u8(q, 2), mask), quarters[quarter]));
        vst1q_u8(unit[2] + place, vmulq_u8(vandq_u8(vshrq_n_u8(q, 4), mask), quarters[quarter]));
        vst1q_u8(unit[3] + place, vmulq_u8(vshrq_n_u8(q, 6), quarters[quarter]));
    }
}

SNUG_NEON SNUG_EACH void unpack_shifts(int8x16_t shifts, uint8x16_t factors, int16_t * to) {
    for (int half = 0; half < 2; ++half) {
        vst1q_s16(to + half * ROWS, vmulq_s16(half_of(shifts, half), half_of(factors, half)));
    }
}

template <int SIDE>
SNUG_NEON SNUG_EACH void unpack_side(const TernaryBlock & block, uint8x16_t both_factors, uint8x16_t below, int piece, Unpacked & to) {
    const int        run     = piece * SIDES + SIDE;
    const uint8x16_t factors = factors_of<SIDE>(both_factors);
    unpack_run(block.codes[run], factors, to.units + run * RUN / UNIT);
    unpack_shifts(shifts_of<SIDE, 0>(below), factors, to.shifts[run * HALVES]);
    unpack_shifts(shifts_of<SIDE, 1>(below), factors, to.shifts[run * HALVES + 1]);
}

template <int NUMBER> SNUG_NEON SNUG_EACH void unpack_piece(const TernaryBlock & block, const Quad & of, int quad, Unpacked & to) {
    unpack_side<0>(block, of.factors.val[NUMBER], of.below.val[NUMBER], quad * UNIT + NUMBER, to);
    unpack_side<1>(block, of.factors.val[NUMBER], of.below.val[NUMBER], quad * UNIT + NUMBER, to);
}

SNUG_NEON SNUG_EACH void unpack(const TernaryBlock & block, Unpacked & to) {
    for (int quad = 0; quad < QUADS; ++quad) {
        const Quad of(block, quad);
        unpack_piece<0>(block, of, quad, to);
        unpack_piece<1>(block, of, quad, to);
        unpack_piece<2>(block, of, quad, to);
        unpack_piece<3>(block, of, quad, to);
    }
}

template <int LANE, int COUNT>
SNUG_NEON SNUG_EACH void add_unit(const uint8_t * weights, const int8x16_t (&values)[COUNT], int32x4_t (&sums)[COUNT][QUARTERS]) {
    for (int quarter = 0; quarter < QUARTERS; ++quarter) {
        const int8x16_t four = vreinterpretq_s8_u8(vld1q_u8(weights + quarter * UNIT * UNIT));
        for (int i = 0; i < COUNT; ++i) {
            sums[i][quarter] = vdotq_laneq_s32(sums[i][quarter], four, values[i], LANE);
        }
    }
}

template <int LANE, int COUNT>
SNUG_NEON SNUG_EACH void add_shift(const int16_t * weights, const int16x8_t (&values)[COUNT], int32x4_t (&sums)[COUNT][QUARTERS]) {
    for (int half = 0; half < 2; ++half) {
        const int16x8_t eight = vld1q_s16(weights + half * ROWS);
        for (int i = 0; i < COUNT; ++i) {
            sums[i][2 * half]     = vmlal_laneq_s16(sums[i][2 * half], vget_low_s16(eight), values[i], LANE);
            sums[i][2 * half + 1] = vmlal_high_laneq_s16(sums[i][2 * half + 1], eight, values[i], LANE);
        }
    }
}

template <int COUNT>
SNUG_NEON SNUG_EACH void add_runs(const Unpacked & from, const TokenBlock * token, int64_t stride, int32x4_t (&sums)[COUNT][QUARTERS]) {
    for (int run = 0; run < RUNS; ++run) {
        int8x16_t values[COUNT];
        for (int i = 0; i < COUNT; ++i) {
            values[i] = vld1q_s8(token[i * stride].values + run * RUN);
        }
        const auto * unit = from.units + run * RUN / UNIT;
        add_unit<0>(unit[0], values, sums);
        add_unit<1>(unit[1], values, sums);
        add_unit<2>(unit[2], values, sums);
        add_unit<3>(unit[3], values, sums);
    }
}

template <int COUNT>
SNUG_NEON SNUG_EACH void add_shifts(const Unpacked & from, const TokenBlock * token, int64_t stride, int32x4_t (&sums)[COUNT][QUARTERS]) {
    for (int group = 0; group < GROUPS; group += SUMS) {
        int16x8_t values[COUNT];
        for (int i = 0; i < COUNT; ++i) {
            values[i] = vld1q_s16(token[i * stride].sums + group);
        }
        const auto * shift = from.shifts + group;
        add_shift<0>(shift[0], values, sums);
        add_shift<1>(shift[1], values, sums);
        add_shift<2>(shift[2], values, sums);
        add_shift<3>(shift[3], values, sums);
        add_shift<4>(shift[4], values, sums);
        add_shift<5>(shift[5], values, sums);
        add_shift<6>(shift[6], values, sums);
        add_shift<7>(shift[7], values, sums);
    }
}

template <int COUNT>
SNUG_NEON SNUG_EACH void add_block(const Unpacked & from, const uint16_t * scales, const TokenBlock * token, int64_t stride, float * sums) {
    int32x4_t eighths[COUNT][QUARTERS];
    for (auto & of_token : eighths) {
        for (auto & quarter : of_token) {
            quarter = vdupq_n_s32(0);
        }
    }
    add_runs(from, token, stride, eighths);
    for (auto & of_token : eighths) {
        for (auto & quarter : of_token) {
            quarter = vshlq_n_s32(quarter, 3);
        }
    }
    add_shifts(from, token, stride, eighths);
    for (int i = 0; i < COUNT; ++i) {
        for (int quarter = 0; quarter < QUARTERS; ++quarter) {
            float *           to    = sums + i * TILE + quarter * UNIT;
            const float32x4_t scale = scale_of(scales, quarter, token[i * stride].scale);
            vst1q_f32(to, vfmaq_f32(vld1q_f32(to), vcvtq_f32_s32(eighths[i][quarter]), scale));
        }
    }
}

SNUG_NEON void batch(const TernaryTile & tile, const TokenBlock * tokens, int64_t count, float * sums) {
    std::memset(sums, 0, count * TILE * sizeof(float));
    Unpacked unpacked;
    for (int64_t block = 0; block < tile.count; ++block) {
        const TokenBlock * token = tokens + block;
        unpack(tile.blocks[block], unpacked);
        int64_t i = 0;
        for (; i + 4 <= count; i += 4) {
            add_block<4>(unpacked, tile.scales[block], token + i * tile.count, tile.count, sums + i * TILE);
        }
        for (; i < count; ++i) {
            add_block<1>(unpacked, tile.scales[block], token + i * tile.count, tile.count, sums + i * TILE);
        }
    }
}

size_t prepared_bytes(int64_t, int64_t, bool) { return 0; }

void prepare(const Tokens &, void *) {}

void multiply(const TernaryTile & tile, bool, const Tokens & tokens, const void *, float * sums) {
    if (tokens.count == 1) {
        decode(tile, tokens.blocks, sums);
    } else {
        batch(tile, tokens.blocks, tokens.count, sums);
    }
}

} // namespace

const TernaryKernel TERNARY_NEON = { "NEON", prepared_bytes, prepare, multiply };

} // namespace snug::kernels

#endif
