// Four rows in the lanes of a vector, four columns of each in a lane: two vectors a tile. Sums are whole numbers up to a block's end, where
// floats are added for it: the order of ggml's code for ARM, for any number of tokens.
#include "kquants.h"
#include "processors.h"

#ifdef SNUG_ARM

#    include <cstring>

namespace snug::kernels {

namespace {

constexpr int     ROWS            = 8;
constexpr int     WIDTH           = 16;                  // bytes of a vector
constexpr int     HALVES          = ROWS * UNIT / WIDTH; // of a tile
constexpr int64_t FEWEST_TOGETHER = 4;                   // from how many tokens on a block is unpacked for all of them

template <class K> using RowBlock = CodeBlock<K, ROWS>;

// The runs of a block of a token, added up.
struct Runs {
    int16_t sums[RUNS];

    SNUG_NEON SNUG_EACH explicit Runs(const TokenBlock & token) {
        constexpr int EIGHT = RUNS / 2;
        for (int half = 0; half < 2; ++half) {
            const int16_t * groups = token.sums + half * RUNS;
            vst1q_s16(sums + half * EIGHT, vpaddq_s16(vld1q_s16(groups), vld1q_s16(groups + EIGHT)));
        }
    }

    // both of a piece, for each row
    SNUG_NEON SNUG_EACH int16x8_t of_piece(int piece) const {
        int32_t both;
        std::memcpy(&both, sums + piece * SIDES, sizeof(both));
        return vreinterpretq_s16_s32(vdupq_n_s32(both));
    }
};

template <int BITS> SNUG_NEON SNUG_EACH uint8x16_t down(uint8x16_t bytes) {
    if constexpr (BITS == 0) {
        return bytes;
    } else {
        return vshrq_n_u8(bytes, BITS);
    }
}

template <class K, int LANE> SNUG_NEON SNUG_EACH int8x16_t code_of(const RowBlock<K> & block, int piece, int half) {
    constexpr CodePlace PLACE = K::place(LANE);
    uint8x16_t          code  = down<PLACE.shift>(vld1q_u8(block.codes[piece][PLACE.vector] + half * WIDTH));
    if constexpr (PLACE.above >= 0) {
        code = vsliq_n_u8(code, down<PLACE.above_shift>(vld1q_u8(block.codes[piece][PLACE.above] + half * WIDTH)), PLACE.bits);
    }
    if constexpr (PLACE.above >= 0 || PLACE.shift + PLACE.bits < 8) {
        code = vandq_u8(code, vdupq_n_u8(PLACE.above >= 0 ? 7 : (1 << PLACE.bits) - 1));
    }
    return vreinterpretq_s8_u8(code);
}

// The factors of a side, a byte for a piece of four: those of the first four pieces, or of the others.
template <class K> SNUG_NEON SNUG_EACH uint8x16_t factors_of(const RowBlock<K> & block, int side, int quad, int half) {
    if constexpr (K::has_least) {
        const uint8x16_t both = vld1q_u8(block.factors[side][0] + half * WIDTH);
        return quad == 0 ? vandq_u8(both, vdupq_n_u8(15)) : vshrq_n_u8(both, 4);
    } else {
        return vld1q_u8(block.factors[side][quad] + half * WIDTH);
    }
}

// of one piece as whole numbers
SNUG_NEON SNUG_EACH int32x4_t factor_of(uint8x16_t factors, int of_quad) {
    const int32x4_t uppermost = vshlq_s32(vreinterpretq_s32_u8(factors), vdupq_n_s32(24 - 8 * of_quad));
    return vshrq_n_s32(uppermost, 24);
}

// of one piece in all four bytes of a row
SNUG_NEON SNUG_EACH int8x16_t factor_bytes(uint8x16_t factors, int of_quad) {
    static constexpr uint8_t rows[WIDTH] = { 0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12 };
    return vreinterpretq_s8_u8(vqtbl1q_u8(factors, vaddq_u8(vld1q_u8(rows), vdupq_n_u8(static_cast<uint8_t>(of_quad)))));
}

// What the minimums of four rows take away, in units of the least: added up over the block.
SNUG_NEON SNUG_EACH int32x4_t add_minimums(int32x4_t sum, int16x8_t minimums, int16x8_t runs) {
    return vpadalq_s16(sum, vmulq_s16(minimums, runs)); // 15 · 16 · 127 fits 16 bits
}

SNUG_NEON SNUG_EACH int16x8_t minimums_of(const RowBlock<Q2K> & block, int piece, int half) {
    const uint8_t *  from = block.factors[piece / UNIT][1] + half * WIDTH;
    const uint16x8_t all  = vreinterpretq_u16_u8(vld1q_u8(from));
    const uint16x8_t down = vshlq_u16(all, vdupq_n_s16(static_cast<int16_t>(-4 * (piece % UNIT))));
    return vreinterpretq_s16_u16(vandq_u16(down, vdupq_n_u16(15)));
}

template <class K> SNUG_NEON SNUG_EACH float32x4_t scales_of(const CodeScales<K, ROWS> & scales, int which, int half, float token) {
    const uint16x4_t halves = vld1_u16(scales.scale[which] + half * UNIT);
    return vmulq_n_f32(vcvt_f32_f16(vreinterpret_f16_u16(halves)), token);
}

// Adds a run of a piece times its factors.
template <class K, int SIDE> SNUG_NEON SNUG_EACH int32x4_t add_run(int32x4_t whole, const RowBlock<K> & block, const TokenBlock & token,
                                                                   const Runs & runs, int piece, int half) {
    const int       run    = piece * SIDES + SIDE;
    const int8x16_t values = vld1q_s8(token.values + run * RUN);
    int32x4_t       sum    = vdupq_n_s32(-K::middle * runs.sums[run]);
    sum                    = vdotq_laneq_s32(sum, code_of<K, SIDE * UNIT>(block, piece, half), values, 0);
    sum                    = vdotq_laneq_s32(sum, code_of<K, SIDE * UNIT + 1>(block, piece, half), values, 1);
    sum                    = vdotq_laneq_s32(sum, code_of<K, SIDE * UNIT + 2>(block, piece, half), values, 2);
    sum                    = vdotq_laneq_s32(sum, code_of<K, SIDE * UNIT + 3>(block, piece, half), values, 3);
    return vmlaq_s32(whole, sum, factor_of(factors_of<K>(block, SIDE, piece / UNIT, half), piece % UNIT));
}

template <class K> SNUG_NEON void decode(const CodeTile<K, ROWS> & tile, int64_t blocks, const TokenBlock * token, float * to) {
    float32x4_t total[HALVES];
    for (auto & half : total) {
        half = vdupq_n_f32(0);
    }
    for (int64_t number = 0; number < blocks; ++number, ++token) {
        const auto & block  = tile.blocks[number];
        const auto & scales = tile.scales[number];
        const Runs   runs(*token);
        for (int half = 0; half < HALVES; ++half) {
            int32x4_t whole = vdupq_n_s32(0), taken = vdupq_n_s32(0);
            for (int piece = 0; piece < PIECES; ++piece) {
                whole = add_run<K, 0>(whole, block, *token, runs, piece, half);
                whole = add_run<K, 1>(whole, block, *token, runs, piece, half);
                if constexpr (K::has_least) {
                    taken = add_minimums(taken, minimums_of(block, piece, half), runs.of_piece(piece));
                }
            }
            if constexpr (K::has_least) {
                total[half] = vfmaq_f32(total[half], vcvtq_f32_s32(taken), scales_of(scales, 1, half, -token->scale));
            }
            total[half] = vfmaq_f32(total[half], vcvtq_f32_s32(whole), scales_of(scales, 0, half, token->scale));
        }
    }
    for (int half = 0; half < HALVES; ++half) {
        vst1q_f32(to + half * UNIT, total[half]);
    }
}

// A block times its factors, unpacked once for many tokens: less than zero by as much as the weights are more, as 4 · 32 fits no byte.
struct alignas(ALIGNMENT) Unpacked {
    int8_t  units[UNITS][ROWS * UNIT];
    int16_t minimums[PIECES][ROWS * SIDES];
};

template <class K, int LANE>
SNUG_NEON SNUG_EACH void unpack_unit(const RowBlock<K> & block, int piece, int half, int8x16_t factor, Unpacked & to) {
    const int8x16_t less = vsubq_s8(vdupq_n_s8(K::middle), code_of<K, LANE>(block, piece, half));
    vst1q_s8(to.units[piece * LANES + LANE] + half * WIDTH, vmulq_s8(less, factor));
}

template <class K, int SIDE> SNUG_NEON SNUG_EACH void unpack_run(const RowBlock<K> & block, int piece, int half, Unpacked & to) {
    const int8x16_t factor = factor_bytes(factors_of<K>(block, SIDE, piece / UNIT, half), piece % UNIT);
    unpack_unit<K, SIDE * UNIT>(block, piece, half, factor, to);
    unpack_unit<K, SIDE * UNIT + 1>(block, piece, half, factor, to);
    unpack_unit<K, SIDE * UNIT + 2>(block, piece, half, factor, to);
    unpack_unit<K, SIDE * UNIT + 3>(block, piece, half, factor, to);
}

template <class K> SNUG_NEON void unpack(const RowBlock<K> & block, Unpacked & to) {
    for (int piece = 0; piece < PIECES; ++piece) {
        for (int half = 0; half < HALVES; ++half) {
            unpack_run<K, 0>(block, piece, half, to);
            unpack_run<K, 1>(block, piece, half, to);
            if constexpr (K::has_least) {
                vst1q_s16(to.minimums[piece] + half * ROWS, minimums_of(block, piece, half));
            }
        }
    }
}

template <int COUNT, int NUMBER>
SNUG_NEON SNUG_EACH void multiply_unit(const int8_t (&weights)[ROWS * UNIT], const int8x16_t * values, int32x4_t (&whole)[COUNT][HALVES]) {
    for (int half = 0; half < HALVES; ++half) {
        const int8x16_t four = vld1q_s8(weights + half * WIDTH);
        for (int i = 0; i < COUNT; ++i) {
            whole[i][half] = vdotq_laneq_s32(whole[i][half], four, values[i], NUMBER);
        }
    }
}

template <int COUNT>
SNUG_NEON SNUG_EACH void multiply_runs(const Unpacked & from, const TokenBlock * token, int64_t stride, int32x4_t (&whole)[COUNT][HALVES]) {
    for (int run = 0; run < RUNS; ++run) {
        int8x16_t values[COUNT];
        for (int i = 0; i < COUNT; ++i) {
            values[i] = vld1q_s8(token[i * stride].values + run * RUN);
        }
        const auto * units = from.units + run * UNIT;
        multiply_unit<COUNT, 0>(units[0], values, whole);
        multiply_unit<COUNT, 1>(units[1], values, whole);
        multiply_unit<COUNT, 2>(units[2], values, whole);
        multiply_unit<COUNT, 3>(units[3], values, whole);
    }
}

// what a block's minimums take away from one token's sums of a half
SNUG_NEON SNUG_EACH int32x4_t taken_from(const Unpacked & from, const Runs & runs, int half) {
    int32x4_t taken = vdupq_n_s32(0);
    for (int piece = 0; piece < PIECES; ++piece) {
        taken = add_minimums(taken, vld1q_s16(from.minimums[piece] + half * ROWS), runs.of_piece(piece));
    }
    return taken;
}

template <class K, int COUNT> SNUG_NEON SNUG_EACH void add_tokens(const Unpacked & from, const CodeScales<K, ROWS> & scales,
                                                                  const TokenBlock * token, int64_t stride, float * sums) {
    int32x4_t whole[COUNT][HALVES];
    for (auto & of_token : whole) {
        for (auto & half : of_token) {
            half = vdupq_n_s32(0);
        }
    }
    multiply_runs<COUNT>(from, token, stride, whole);
    for (int i = 0; i < COUNT; ++i) {
        const TokenBlock & one = token[i * stride];
        for (int half = 0; half < HALVES; ++half) {
            float *     to  = sums + i * ROWS + half * UNIT;
            float32x4_t sum = vld1q_f32(to);
            if constexpr (K::has_least) {
                const int32x4_t taken = taken_from(from, Runs(one), half);
                sum                   = vfmaq_f32(sum, vcvtq_f32_s32(taken), scales_of(scales, 1, half, -one.scale));
            }
            vst1q_f32(to, vfmaq_f32(sum, vcvtq_f32_s32(whole[i][half]), scales_of(scales, 0, half, -one.scale)));
        }
    }
}

template <class K>
SNUG_NEON void multiply_together(const CodeTile<K, ROWS> & tile, int64_t blocks, const TokenBlock * tokens, int64_t count, float * sums) {
    constexpr int TOGETHER = 4;
    std::memset(sums, 0, count * ROWS * sizeof(float));
    Unpacked unpacked;
    for (int64_t number = 0; number < blocks; ++number, ++tokens) {
        unpack(tile.blocks[number], unpacked);
        int64_t i = 0;
        for (; i + TOGETHER <= count; i += TOGETHER) {
            add_tokens<K, TOGETHER>(unpacked, tile.scales[number], tokens + i * blocks, blocks, sums + i * ROWS);
        }
        for (; i < count; ++i) {
            add_tokens<K, 1>(unpacked, tile.scales[number], tokens + i * blocks, blocks, sums + i * ROWS);
        }
    }
}

size_t prepared_bytes(int64_t, int64_t) { return 0; }

void prepare(const Tokens &, void *) {}

size_t tile_bytes(ggml_type type, int64_t blocks) {
    return with_kquant(type, [=](auto k) { return CodeTile<decltype(k), ROWS>::bytes(blocks); });
}

void multiply(ggml_type type, const void * data, const Tokens & tokens, const void *, float * sums) {
    with_kquant(type, [&](auto k) {
        const int64_t                     blocks = tokens.blocks_each;
        const CodeTile<decltype(k), ROWS> tile(data, blocks);
        if (tokens.count >= FEWEST_TOGETHER) {
            multiply_together(tile, blocks, tokens.blocks, tokens.count, sums);
            return;
        }
        for (int64_t i = 0; i < tokens.count; ++i) {
            decode(tile, blocks, tokens.blocks + i * blocks, sums + i * ROWS);
        }
    });
}

} // namespace

const KQuantKernel KQUANTS_NEON = { "NEON", ROWS, { GGML_TYPE_Q2_K, GGML_TYPE_Q3_K }, tile_bytes, prepared_bytes, prepare, multiply };

const KQuantKernel KQUANTS_BESIDE_SVE = { "NEON", ROWS, { GGML_TYPE_Q3_K }, tile_bytes, prepared_bytes, prepare, multiply };

} // namespace snug::kernels

#endif
