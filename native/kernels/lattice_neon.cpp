// Sums are whole numbers up to a block's end, where a float is added for it: the order of ggml's code for ARM, for any number of tokens.
#include "lattice.h"
#include "processors.h"

#ifdef SNUG_ARM

namespace snug::kernels {

namespace {

constexpr int WIDTH  = 16; // columns of a vector
constexpr int HALVES = LANE_RUN / WIDTH;
constexpr int UNIT   = 4; // columns of a row that one lane of a product takes
constexpr int UNITS  = WIDTH / UNIT;

template <class Type> SNUG_EACH Type read_as(const uint8_t * from) {
    Type value;
    std::memcpy(&value, from, sizeof(value));
    return value;
}

// Magnitudes of 16 columns, by indices of eight or four columns.
template <class Index> SNUG_NEON SNUG_EACH int8x16_t magnitudes_of(const uint64_t * grid, const Index * index) {
    return vreinterpretq_s8_u64(vcombine_u64(vld1_u64(grid + index[0]), vld1_u64(grid + index[1])));
}

template <class Index> SNUG_NEON SNUG_EACH int8x16_t magnitudes_of(const uint32_t * grid, const Index * index) {
    uint32x4_t four = vdupq_n_u32(grid[index[0]]);
    four            = vld1q_lane_u32(grid + index[1], four, 1);
    four            = vld1q_lane_u32(grid + index[2], four, 2);
    return vreinterpretq_s8_u32(vld1q_lane_u32(grid + index[3], four, 3));
}

// The indices of a row's block: where they are in it, or in full where bytes are too short for them.
template <class L, bool WIDE = (L::index_bits > 8)> struct Indices {
    const uint8_t * at;

    SNUG_NEON SNUG_EACH void read(const uint8_t * row) { at = row; }
};

template <class L> struct Indices<L, true> {
    uint16_t at[L::indices];

    SNUG_NEON SNUG_EACH void read(const uint8_t * row) {
        constexpr int    BITS = L::index_bits - 8, WORDS = L::indices * BITS / 16, LANES_OF_16 = 8;
        const uint8_t *  high  = row + L::high_at;
        const uint16x8_t words = WORDS == 2 ? vreinterpretq_u16_u32(vdupq_n_u32(read_as<uint32_t>(high)))
                                            : vreinterpretq_u16_u64(vdupq_n_u64(read_as<uint64_t>(high)));
        // brings the bits of index i, which begin at i / WORDS · BITS, above eight others
        int16_t shifts[LANES_OF_16];
        for (int i = 0; i < LANES_OF_16; ++i) {
            shifts[i] = static_cast<int16_t>(8 - i / WORDS * BITS);
        }
        int16x8_t shift = vld1q_s16(shifts);
        for (int i = 0; i < L::indices; i += LANES_OF_16) {
            const uint16x8_t above = vandq_u16(vshlq_u16(words, shift), vdupq_n_u16(((1 << BITS) - 1) << 8));
            vst1q_u16(at + i, vorrq_u16(above, vmovl_u8(vld1_u8(row + i))));
            shift = vsubq_s16(shift, vdupq_n_s16(LANES_OF_16 / WORDS * BITS));
        }
    }
};

// The factors of a row's block (2 · stored + 1), a byte each: those of the runs or of their first halves, then those of the second.
template <class L> SNUG_NEON SNUG_EACH uint8x16_t factors_of(const uint8_t * row) {
    const uint8_t *  at    = row + L::factors_at;
    const uint8x8_t  pairs = L::factor_columns == WIDTH ? vld1_u8(at) : vcreate_u8(read_as<uint32_t>(at));
    const uint8x8_t  low = vand_u8(pairs, vdup_n_u8(15)), high = vshr_n_u8(pairs, 4);
    const uint8x16_t stored = vcombine_u8(vzip1_u8(low, high), vzip2_u8(low, high));
    return vorrq_u8(vshlq_n_u8(stored, 1), vdupq_n_u8(1));
}

// Which bytes of these are those of a run's lanes; no byte where it says 255.
template <class L> SNUG_NEON SNUG_EACH uint8x16_t lanes_of(int run) {
    constexpr uint32_t NONE = 0xffffff00, second = L::factor_columns == WIDTH ? LANE_RUNS : 0;
    const uint32_t     lanes[] = { NONE, NONE, NONE | second, NONE | second };
    return vqaddq_u8(vreinterpretq_u8_u32(vld1q_u32(lanes)), vdupq_n_u8(static_cast<uint8_t>(run)));
}

template <class L> using Entry = std::conditional_t<L::entry_columns == 8, uint64_t, uint32_t>;

template <class L> const Entry<L> * grid_of() { return static_cast<const Entry<L> *>(lattice_grid(L::type)); }

// A row's block; of signs, byte j has those of column j of each run, the first run's uppermost.
template <class L> struct RowBlock {
    Indices<L> indices;
    uint8x16_t factors;
    uint8x16_t signs[HALVES];

    SNUG_NEON SNUG_EACH void read(const uint8_t * row) {
        indices.read(row);
        factors = factors_of<L>(row);
        for (int half = 0; half < HALVES; ++half) {
            signs[half] = vld1q_u8(row + L::signs_at + half * WIDTH);
        }
    }

    SNUG_NEON SNUG_EACH int8x16_t magnitudes(const Entry<L> * grid, int run, int half) const {
        return magnitudes_of(grid, indices.at + (run * HALVES + half) * WIDTH / L::entry_columns);
    }

    // `above` where the weight is not below zero, else `below`
    SNUG_NEON SNUG_EACH int8x16_t by_sign(int run, int half, int8x16_t above, int8x16_t below) const {
        const uint8x16_t bit = vdupq_n_u8(static_cast<uint8_t>(1 << (LANE_RUNS - 1 - run)));
        return vbslq_s8(vtstq_u8(signs[half], bit), below, above);
    }
};

template <class L> SNUG_NEON SNUG_EACH float32x4_t scales_of(const uint8_t * block, float token) {
    const uint16x4_t scales = vld1_u16(reinterpret_cast<const uint16_t *>(block + L::scales_at));
    return vmulq_n_f32(vcvt_f32_f16(vreinterpret_f16_u16(scales)), token);
}

// A run of a token, and below zero.
struct Values {
    int8x16_t as_they_are[HALVES], negative[HALVES];

    SNUG_NEON SNUG_EACH void read(const int8_t * at) {
        for (int half = 0; half < HALVES; ++half) {
            as_they_are[half] = vld1q_s8(at + half * WIDTH);
            negative[half]    = vnegq_s8(as_they_are[half]);
        }
    }
};

// what a run adds to a row's lanes
template <class L> SNUG_NEON SNUG_EACH int32x4_t add_run(int32x4_t whole, const Entry<L> * grid, const RowBlock<L> & row, int run,
                                                         const Values & values, uint8x16_t lanes) {
    int32x4_t sums[HALVES];
    for (int half = 0; half < HALVES; ++half) {
        const int8x16_t with_signs = row.by_sign(run, half, values.as_they_are[half], values.negative[half]);
        const int32x4_t before     = half == 0 || L::factor_columns == WIDTH ? vdupq_n_s32(0) : sums[0];
        sums[half]                 = vdotq_s32(before, row.magnitudes(grid, run, half), with_signs);
    }
    const int32x4_t sum = L::factor_columns == WIDTH ? vpaddq_s32(sums[0], sums[1]) : sums[1];
    return vmlaq_s32(whole, sum, vreinterpretq_s32_u8(vqtbl1q_u8(row.factors, lanes)));
}

template <class L> SNUG_NEON void decode_lattice(const uint8_t * block, int64_t blocks, const TokenBlock * token, float * sums) {
    const auto * grid  = grid_of<L>();
    float32x4_t  total = vdupq_n_f32(0);
    for (int64_t number = 0; number < blocks; ++number, ++token, block += L::block_bytes) {
        RowBlock<L> rows[LATTICE_ROWS];
        int32x4_t   whole[LATTICE_ROWS];
        for (int row = 0; row < LATTICE_ROWS; ++row) {
            rows[row].read(block + row * L::row_bytes);
            whole[row] = vdupq_n_s32(0);
        }
        for (int run = 0; run < LANE_RUNS; ++run) {
            Values values;
            values.read(token->values + run * LANE_RUN);
            const uint8x16_t lanes = lanes_of<L>(run);
            for (int row = 0; row < LATTICE_ROWS; ++row) {
                whole[row] = add_run(whole[row], grid, rows[row], run, values, lanes);
            }
        }
        const int32x4_t of_rows = vpaddq_s32(vpaddq_s32(whole[0], whole[1]), vpaddq_s32(whole[2], whole[3]));
        total                   = vfmaq_f32(total, vcvtq_f32_s32(of_rows), scales_of<L>(block, token->scale));
    }
    vst1q_f32(sums, vmulq_n_f32(total, lattice_unit(L::type)));
}

// A block of some rows, looked up once for many tokens: four columns of each row side by side.
struct alignas(64) Unpacked {
    int8_t  weights[LANE_RUNS][HALVES][UNITS][LATTICE_ROWS][UNIT];
    int32_t factors[HALVES * LANE_RUNS][LATTICE_ROWS]; // of the runs or of their first halves, then of the second
};

template <class L> SNUG_NEON SNUG_EACH void unpack(const uint8_t * block, const Entry<L> * grid, Unpacked & to) {
    RowBlock<L> rows[LATTICE_ROWS];
    for (int row = 0; row < LATTICE_ROWS; ++row) {
        rows[row].read(block + row * L::row_bytes);
        uint8_t factors[HALVES * LANE_RUNS];
        vst1q_u8(factors, rows[row].factors);
        for (int i = 0; i < HALVES * LANE_RUNS; ++i) {
            to.factors[i][row] = factors[i];
        }
    }
    for (int run = 0; run < LANE_RUNS; ++run) {
        for (int half = 0; half < HALVES; ++half) {
            int32x4x4_t four;
            for (int row = 0; row < LATTICE_ROWS; ++row) {
                const int8x16_t magnitudes = rows[row].magnitudes(grid, run, half);
                four.val[row]              = vreinterpretq_s32_s8(rows[row].by_sign(run, half, magnitudes, vnegq_s8(magnitudes)));
            }
            vst4q_s32(reinterpret_cast<int32_t *>(to.weights[run][half]), four);
        }
    }
}

template <int COUNT> SNUG_NEON SNUG_EACH void add_half(const int8_t (&weights)[UNITS][LATTICE_ROWS][UNIT], const TokenBlock * token,
                                                       int64_t stride, int column, int32x4_t (&sums)[COUNT]) {
    const int8x16_t units[UNITS] = { vld1q_s8(weights[0][0]), vld1q_s8(weights[1][0]), vld1q_s8(weights[2][0]), vld1q_s8(weights[3][0]) };
    for (int i = 0; i < COUNT; ++i) {
        const int8x16_t values = vld1q_s8(token[i * stride].values + column);
        sums[i]                = vdotq_laneq_s32(sums[i], units[0], values, 0);
        sums[i]                = vdotq_laneq_s32(sums[i], units[1], values, 1);
        sums[i]                = vdotq_laneq_s32(sums[i], units[2], values, 2);
        sums[i]                = vdotq_laneq_s32(sums[i], units[3], values, 3);
    }
}

// times the factors of the rows; the sums begin anew
template <int COUNT>
SNUG_NEON SNUG_EACH void add_sums(int32x4_t (&whole)[COUNT], int32x4_t (&sums)[COUNT], const int32_t (&factors)[LATTICE_ROWS]) {
    const int32x4_t of_rows = vld1q_s32(factors);
    for (int i = 0; i < COUNT; ++i) {
        whole[i] = vmlaq_s32(whole[i], sums[i], of_rows);
        sums[i]  = vdupq_n_s32(0);
    }
}

template <class L, int COUNT>
SNUG_NEON SNUG_EACH void add_tokens(const Unpacked & from, const uint8_t * block, const TokenBlock * token, int64_t stride, float * sums) {
    int32x4_t whole[COUNT], sum[COUNT];
    for (int i = 0; i < COUNT; ++i) {
        whole[i] = sum[i] = vdupq_n_s32(0);
    }
    for (int run = 0; run < LANE_RUNS; ++run) {
        for (int half = 0; half < HALVES; ++half) {
            add_half<COUNT>(from.weights[run][half], token, stride, (run * HALVES + half) * WIDTH, sum);
            if (L::factor_columns == WIDTH) {
                add_sums<COUNT>(whole, sum, from.factors[half * LANE_RUNS + run]);
            }
        }
        if (L::factor_columns == LANE_RUN) {
            add_sums<COUNT>(whole, sum, from.factors[run]);
        }
    }
    for (int i = 0; i < COUNT; ++i) {
        float * to = sums + i * LATTICE_ROWS;
        vst1q_f32(to, vfmaq_f32(vld1q_f32(to), vcvtq_f32_s32(whole[i]), scales_of<L>(block, token[i * stride].scale)));
    }
}

template <class L>
SNUG_NEON void batch_lattice(const uint8_t * block, int64_t blocks, const TokenBlock * tokens, int64_t count, float * sums) {
    constexpr int TOGETHER = 4;
    const auto *  grid     = grid_of<L>();
    std::memset(sums, 0, count * LATTICE_ROWS * sizeof(float));
    Unpacked unpacked;
    for (int64_t number = 0; number < blocks; ++number, ++tokens, block += L::block_bytes) {
        unpack<L>(block, grid, unpacked);
        int64_t i = 0;
        for (; i + TOGETHER <= count; i += TOGETHER) {
            add_tokens<L, TOGETHER>(unpacked, block, tokens + i * blocks, blocks, sums + i * LATTICE_ROWS);
        }
        for (; i < count; ++i) {
            add_tokens<L, 1>(unpacked, block, tokens + i * blocks, blocks, sums + i * LATTICE_ROWS);
        }
    }
    for (int64_t i = 0; i < count; ++i) {
        float * to = sums + i * LATTICE_ROWS;
        vst1q_f32(to, vmulq_n_f32(vld1q_f32(to), lattice_unit(L::type)));
    }
}

void decode(ggml_type type, const uint8_t * tile, const Tokens & token, float * sums) {
    with_lattice(type, [&](auto lattice) { decode_lattice<decltype(lattice)>(tile, token.blocks_each, token.blocks, sums); });
}

void batch(ggml_type type, const uint8_t * tile, const Tokens & tokens, float * sums) {
    with_lattice(type,
                 [&](auto lattice) { batch_lattice<decltype(lattice)>(tile, tokens.blocks_each, tokens.blocks, tokens.count, sums); });
}

} // namespace

const LatticeKernel LATTICE_NEON = { "NEON", decode, batch, nullptr };

} // namespace snug::kernels

#endif
