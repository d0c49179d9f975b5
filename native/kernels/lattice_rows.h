// The kernels of lattices for one processor family, which includes this after it has said what it does in its own way: SNUG_HERE,
// add_products, TOGETHER (tokens), ADDS_PANELS, and magnitudes_of, for which lattice_blends.h has one.

#include "lattice.h"
#include "prefetch.h"

namespace snug::kernels {

namespace {

SNUG_HERE SNUG_EACH __m256i vector_of(const void * from) { return _mm256_loadu_si256(static_cast<const __m256i *>(from)); }

// How far ahead weights are asked for: a fifth of the time.
constexpr int PREFETCHED = 2048;

SNUG_HERE SNUG_EACH void store(void * to, __m256i vector) { _mm256_store_si256(static_cast<__m256i *>(to), vector); }

// 16 indices from their bytes and the words that hold the bits above, the first `shift` of which belong to indices before
template <int BITS> SNUG_HERE SNUG_EACH __m256i wide_indices(const uint8_t * low, __m256i words, int shift, __m256i to_place) {
    const __m256i high = _mm256_mullo_epi16(_mm256_srli_epi16(words, shift), to_place);
    const __m256i mask = _mm256_set1_epi16(((1 << BITS) - 1) << 8);
    return _mm256_or_si256(_mm256_and_si256(high, mask), _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i *>(low))));
}

// The indices of a row's block: where they are in it, or in full where bytes are too short for them.
template <class L, bool WIDE = (L::index_bits > 8)> struct Indices {
    const uint8_t * at;

    SNUG_HERE SNUG_EACH void read(const uint8_t * row) { at = row; }
};

template <class L> struct Indices<L, true> {
    alignas(32) uint16_t at[L::indices];

    SNUG_HERE SNUG_EACH void read(const uint8_t * row) {
        constexpr int BITS = L::index_bits - 8, WORDS = L::indices * BITS / 16, A_VECTOR = 16 / WORDS * BITS;
        __m256i       words, to_place;
        if constexpr (WORDS == 2) {
            words    = _mm256_set1_epi32(read_as<int32_t>(row + L::high_at));
            to_place = _mm256_setr_epi16(256, 256, 128, 128, 64, 64, 32, 32, 16, 16, 8, 8, 4, 4, 2, 2);
        } else {
            words        = _mm256_set1_epi64x(read_as<int64_t>(row + L::high_at));
            const auto a = 256, b = 256 >> BITS, c = 256 >> 2 * BITS, d = 256 >> 3 * BITS;
            to_place = _mm256_setr_epi16(a, a, a, a, b, b, b, b, c, c, c, c, d, d, d, d);
        }
        for (int i = 0; i < L::indices / 16; ++i) {
            const __m256i full = wide_indices<BITS>(row + 16 * i, words, A_VECTOR * i, to_place);
            store(at + 16 * i, full);
        }
    }
};

// Which bytes of factors a lane takes, in shuffles.
constexpr int32_t FACTOR_OF_RUN[LANE_RUNS] = { 0x01000100, 0x03020302, 0x05040504, 0x07060706,
                                               0x09080908, 0x0b0a0b0a, 0x0d0c0d0c, 0x0f0e0f0e };

// The factors of a row's block (2 · stored + 1): for each run a vector of 16 bits.
template <class L, bool HALVES = (L::factor_columns < LANE_RUN)> struct Factors {
    alignas(32) int32_t runs[LANE_RUNS];

    SNUG_HERE SNUG_EACH void read(const uint8_t * row) {
        const __m256i stored =
            _mm256_srlv_epi32(_mm256_set1_epi32(read_as<int32_t>(row + L::factors_at)), _mm256_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28));
        const __m256i four   = _mm256_and_si256(stored, _mm256_set1_epi32(15));
        const __m256i factor = _mm256_or_si256(_mm256_add_epi32(four, four), _mm256_set1_epi32(1));
        store(runs, _mm256_or_si256(factor, _mm256_slli_epi32(factor, 16)));
    }

    SNUG_HERE SNUG_EACH __m256i of(int run) const { return _mm256_set1_epi32(runs[run]); }
};

template <class L> struct Factors<L, true> {
    __m256i halves; // of all first halves of runs, then of all second

    SNUG_HERE SNUG_EACH void read(const uint8_t * row) {
        const __m128i pairs = _mm_cvtsi64_si128(read_as<int64_t>(row + L::factors_at)), mask = _mm_set1_epi8(15);
        const __m128i stored = _mm_unpacklo_epi8(_mm_and_si128(pairs, mask), _mm_and_si128(_mm_srli_epi16(pairs, 4), mask));
        halves               = _mm256_cvtepu8_epi16(_mm_or_si128(_mm_add_epi8(stored, stored), _mm_set1_epi8(1)));
    }

    SNUG_HERE SNUG_EACH __m256i of(int run) const { return _mm256_shuffle_epi8(halves, _mm256_set1_epi32(FACTOR_OF_RUN[run])); }
};

// Eight bits a column, those of the next run uppermost.
using RowSigns = __m256i;

template <class L> SNUG_HERE SNUG_EACH RowSigns signs_of(const uint8_t * row) { return vector_of(row + L::signs_at); }

// Gives values the signs of the next run.
SNUG_HERE SNUG_EACH __m256i with_signs(__m256i values, RowSigns & signs) {
    const __m256i changed = _mm256_sign_epi8(values, _mm256_or_si256(signs, _mm256_set1_epi8(1)));
    signs                 = _mm256_add_epi8(signs, signs);
    return changed;
}

// Adds products of positive bytes and signed ones, times factors. Two of them fit 16 bits.
SNUG_HERE SNUG_EACH __m256i multiply_add(__m256i sums, __m256i positive, __m256i other, __m256i factors) {
    return add_products(sums, _mm256_maddubs_epi16(positive, other), factors);
}

template <class L> SNUG_HERE SNUG_EACH auto grid_of() {
    using Entry = std::conditional_t<L::entry_columns == 8, uint64_t, uint32_t>;
    return static_cast<const Entry *>(lattice_grid(L::type));
}

template <class L> SNUG_HERE SNUG_EACH __m128 scales_of(const uint8_t * block) {
    return _mm_cvtph_ps(_mm_loadl_epi64(reinterpret_cast<const __m128i *>(block + L::scales_at)));
}

// as ggml adds the lanes (hsum_float_8)
SNUG_HERE SNUG_EACH float sum_of(__m256 lanes) {
    __m128 sum = _mm_add_ps(_mm256_extractf128_ps(lanes, 1), _mm256_castps256_ps128(lanes));
    sum        = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
    return _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
}

// What a block of a tile's rows and a token's come to, lane by lane.
template <class L, class Entry>
SNUG_HERE SNUG_EACH void multiply_block(const Entry * grid, const uint8_t * block, const TokenBlock & token, __m256i * whole) {
    Indices<L> indices[LATTICE_ROWS];
    Factors<L> factors[LATTICE_ROWS];
    RowSigns   signs[LATTICE_ROWS];
    for (int row = 0; row < LATTICE_ROWS; ++row) {
        const uint8_t * from = block + row * L::row_bytes;
        indices[row].read(from);
        factors[row].read(from);
        signs[row] = signs_of<L>(from);
        whole[row] = _mm256_setzero_si256();
    }
    for (int run = 0; run < LANE_RUNS; ++run) {
        const __m256i values = vector_of(token.values + run * LANE_RUN);
        for (int row = 0; row < LATTICE_ROWS; ++row) {
            const __m256i magnitudes = magnitudes_of(grid, indices[row].at + run * LANE_RUN / L::entry_columns);
            whole[row]               = multiply_add(whole[row], magnitudes, with_signs(values, signs[row]), factors[row].of(run));
        }
    }
}

template <class L> SNUG_HERE void decode_lattice(const uint8_t * block, int64_t blocks, const TokenBlock * token, float * sums) {
    const auto * grid = grid_of<L>();
    __m256       total[LATTICE_ROWS];
    for (auto & lanes : total) {
        lanes = _mm256_setzero_ps();
    }
    for (int64_t number = 0; number < blocks; ++number, ++token, block += L::block_bytes) {
        __m256i whole[LATTICE_ROWS];
        prefetch(reinterpret_cast<uintptr_t>(block) + PREFETCHED, L::block_bytes);
        multiply_block<L>(grid, block, *token, whole);
        alignas(16) float scales[LATTICE_ROWS];
        _mm_store_ps(scales, _mm_mul_ps(scales_of<L>(block), _mm_set1_ps(token->scale)));
        for (int row = 0; row < LATTICE_ROWS; ++row) {
            total[row] = _mm256_fmadd_ps(_mm256_set1_ps(scales[row]), _mm256_cvtepi32_ps(whole[row]), total[row]);
        }
    }
    for (int row = 0; row < LATTICE_ROWS; ++row) {
        sums[row] = lattice_unit(L::type) * sum_of(total[row]);
    }
}

// A block of some rows, looked up once for many tokens. Weights have their signs here, and tokens are made positive instead: 128 more,
// which lanes begin without.
struct alignas(32) Unpacked {
    int8_t  weights[LANE_RUNS][LATTICE_ROWS][LANE_RUN];
    int16_t factors[LANE_RUNS][LATTICE_ROWS][LANE_RUN / 2];
    int32_t offsets[LATTICE_ROWS][LANES]; // what lanes begin with
};

template <class L, class Entry> SNUG_HERE SNUG_EACH void unpack(const Entry * grid, const uint8_t * block, Unpacked & to) {
    for (int row = 0; row < LATTICE_ROWS; ++row) {
        const uint8_t * from = block + row * L::row_bytes;
        Indices<L>      indices;
        Factors<L>      factors;
        RowSigns        signs = signs_of<L>(from);
        indices.read(from);
        factors.read(from);
        __m256i offset = _mm256_setzero_si256();
        for (int run = 0; run < LANE_RUNS; ++run) {
            const __m256i magnitudes = magnitudes_of(grid, indices.at + run * LANE_RUN / L::entry_columns);
            const __m256i weights = with_signs(magnitudes, signs), factor = factors.of(run);
            offset = multiply_add(offset, _mm256_set1_epi8(1), weights, factor);
            store(to.weights[run][row], weights);
            store(to.factors[run][row], factor);
        }
        store(to.offsets[row], _mm256_sub_epi32(_mm256_setzero_si256(), _mm256_slli_epi32(offset, 7)));
    }
}

template <int COUNT> struct Whole {
    __m256i lanes[COUNT][LATTICE_ROWS];
};

template <int COUNT>
SNUG_HERE SNUG_EACH void multiply_tokens(const Unpacked & from, const TokenBlock * token, int64_t stride, Whole<COUNT> & to) {
    for (int row = 0; row < LATTICE_ROWS; ++row) {
        const __m256i offset = vector_of(from.offsets[row]);
        for (int i = 0; i < COUNT; ++i) {
            to.lanes[i][row] = offset;
        }
    }
    for (int run = 0; run < LANE_RUNS; ++run) {
        __m256i positive[COUNT];
        for (int i = 0; i < COUNT; ++i) {
            positive[i] = _mm256_xor_si256(vector_of(token[i * stride].values + run * LANE_RUN), _mm256_set1_epi8(-128));
        }
        for (int row = 0; row < LATTICE_ROWS; ++row) {
            const __m256i weights = vector_of(from.weights[run][row]), factors = vector_of(from.factors[run][row]);
            for (int i = 0; i < COUNT; ++i) {
                to.lanes[i][row] = multiply_add(to.lanes[i][row], positive[i], weights, factors);
            }
        }
    }
}

// Adds a block as ggml's products of a row and a token do: lane by lane. sums[rows × LANES]
SNUG_HERE SNUG_EACH void add_lanes(const __m256i * rows, __m128 scale, float * sums) {
    alignas(16) float scales[LATTICE_ROWS];
    _mm_store_ps(scales, scale);
    for (int row = 0; row < LATTICE_ROWS; ++row) {
        float *      to    = sums + row * LANES;
        const __m256 whole = _mm256_cvtepi32_ps(rows[row]);
        _mm256_store_ps(to, _mm256_fmadd_ps(_mm256_set1_ps(scales[row]), whole, _mm256_load_ps(to)));
    }
}

// Adds a block as ggml's panels do: a row's lanes are one whole number. sums[rows]
SNUG_HERE SNUG_EACH void add_rows(const __m256i * rows, __m128 scale, float * sums) {
    const __m256i pairs = _mm256_hadd_epi32(_mm256_hadd_epi32(rows[0], rows[1]), _mm256_hadd_epi32(rows[2], rows[3]));
    const __m128i whole = _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
    _mm_store_ps(sums, _mm_fmadd_ps(_mm_cvtepi32_ps(whole), scale, _mm_load_ps(sums)));
}

template <int COUNT, bool PANELS>
SNUG_HERE SNUG_EACH void add_tokens(const Unpacked & from, __m128 scales, const TokenBlock * token, int64_t stride, float * sums) {
    Whole<COUNT> whole;
    multiply_tokens(from, token, stride, whole);
    for (int i = 0; i < COUNT; ++i) {
        const __m128 scale = _mm_mul_ps(scales, _mm_set1_ps(token[i * stride].scale));
        if (PANELS) {
            add_rows(whole.lanes[i], scale, sums + i * LATTICE_ROWS);
        } else {
            add_lanes(whole.lanes[i], scale, sums + i * LATTICE_ROWS * LANES);
        }
    }
}

template <class L, bool PANELS> SNUG_HERE void batch_lattice(const uint8_t * block, const Tokens & tokens, float * to) {
    const int64_t     blocks = tokens.blocks_each, count = tokens.count;
    constexpr int     SUMS = PANELS ? LATTICE_ROWS : LATTICE_ROWS * LANES; // of a token
    alignas(32) float sums[TOKENS_AT_ONCE * SUMS];
    const auto *      grid = grid_of<L>();
    std::memset(sums, 0, count * SUMS * sizeof(float));
    Unpacked unpacked;
    for (int64_t number = 0; number < blocks; ++number, block += L::block_bytes) {
        const TokenBlock * token = tokens.blocks + number;
        unpack<L>(grid, block, unpacked);
        const __m128 scales = _mm_mul_ps(scales_of<L>(block), _mm_set1_ps(PANELS ? lattice_unit(L::type) : 1));
        int64_t      i      = 0;
        for (; i + TOGETHER <= count; i += TOGETHER) {
            add_tokens<TOGETHER, PANELS>(unpacked, scales, token + i * blocks, blocks, sums + i * SUMS);
        }
        for (; i < count; ++i) {
            add_tokens<1, PANELS>(unpacked, scales, token + i * blocks, blocks, sums + i * SUMS);
        }
    }
    for (int64_t i = 0; i < count * LATTICE_ROWS; ++i) {
        to[i] = PANELS ? sums[i] : lattice_unit(L::type) * sum_of(_mm256_load_ps(sums + i * LANES));
    }
}

void decode(ggml_type type, const uint8_t * tile, const Tokens & token, float * sums) {
    with_lattice(type, [&](auto lattice) { decode_lattice<decltype(lattice)>(tile, token.blocks_each, token.blocks, sums); });
}

void batch(ggml_type type, const uint8_t * tile, const Tokens & tokens, float * sums) {
    with_lattice(type, [&](auto lattice) {
        if constexpr (ADDS_PANELS) {
            if (tokens.panels) {
                batch_lattice<decltype(lattice), true>(tile, tokens, sums);
                return;
            }
        }
        batch_lattice<decltype(lattice), false>(tile, tokens, sums);
    });
}

} // namespace

} // namespace snug::kernels
