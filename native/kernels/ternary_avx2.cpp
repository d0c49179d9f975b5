// Eight rows in the lanes of a vector, four columns of each in a lane: two vectors a tile.
#include "processors.h"
#include "ternary_kernels.h"

#ifdef SNUG_X86

#    include <cstring>

namespace snug::kernels {

namespace {

constexpr int HALF = TILE / 2;

SNUG_AVX2 SNUG_EACH __m256i four_of(const void * values) {
    int32_t four;
    std::memcpy(&four, values, sizeof(four));
    return _mm256_set1_epi32(four);
}

// The factors of a run for eight rows, in both halves of each row's lane.
SNUG_AVX2 SNUG_EACH __m256i factors_of(const TernaryScales & scales, int half, int run) {
    const __m128i low    = _mm_setr_epi8(0, -1, 0, -1, 1, -1, 1, -1, 2, -1, 2, -1, 3, -1, 3, -1);
    const __m256i spread = _mm256_set_m128i(_mm_add_epi8(low, _mm_set1_epi16(4)), low);
    int64_t       eight;
    std::memcpy(&eight, scales.factors[run / 2] + half * HALF, sizeof(eight));
    const __m256i both = _mm256_shuffle_epi8(_mm256_set1_epi64x(eight), spread);
    return run % 2 == 0 ? _mm256_and_si256(both, _mm256_set1_epi16(15)) : _mm256_srli_epi16(both, 4);
}

SNUG_AVX2 SNUG_EACH __m256 scale_of(const TernaryScales & scales, int half, float token) {
    const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i *>(scales.scale + half * HALF));
    return _mm256_mul_ps(_mm256_cvtph_ps(halves), _mm256_set1_ps(EIGHTH * token));
}

// all bits of a row's 16 that belong to a group which is shifted up: the run's first group in the low half of the lane
SNUG_AVX2 SNUG_EACH __m256i above_of(const TernaryScales & scales, int half, int run) {
    const __m256i row = _mm256_sllv_epi32(_mm256_set1_epi32(0x00010001), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    const __m256i bit = half == 0 ? row : _mm256_slli_epi16(row, HALF);
    return _mm256_cmpeq_epi16(_mm256_and_si256(four_of(scales.above + 2 * run), bit), bit);
}

SNUG_AVX2 SNUG_EACH __m256i run_of(const TernaryCodes & codes, const TernaryScales & scales, const TokenBlock & token,
                                   const TokenShifts & shifts, int half, int run) {
    const __m256i  q      = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(codes.runs[run] + half * HALF * UNIT));
    const __m256i  mask   = _mm256_set1_epi8(3 << 3);
    const int8_t * values = token.values + run * RUN;
    const __m256i  base   = four_of(shifts.base_of_group + 2 * run);
    const __m256i  more   = _mm256_and_si256(above_of(scales, half, run), four_of(shifts.more_of_group + 2 * run));
    const __m256i  a      = _mm256_maddubs_epi16(_mm256_and_si256(_mm256_slli_epi16(q, 3), mask), four_of(values));
    const __m256i  b      = _mm256_maddubs_epi16(_mm256_and_si256(_mm256_slli_epi16(q, 1), mask), four_of(values + UNIT));
    const __m256i  c      = _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16(q, 1), mask), four_of(values + 2 * UNIT));
    const __m256i  d      = _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16(q, 3), mask), four_of(values + 3 * UNIT));
    const __m256i  sum    = _mm256_add_epi16(_mm256_add_epi16(a, b), _mm256_add_epi16(c, d));
    return _mm256_add_epi16(sum, _mm256_add_epi16(base, more));
}

SNUG_AVX2 void decode(const TernaryTile & tile, const TokenBlock * token, const TokenShifts * shifts, float * sums) {
    __m256 total[2] = { _mm256_setzero_ps(), _mm256_setzero_ps() };
    for (int64_t block = 0; block < tile.blocks; ++block) {
        const auto & codes  = tile.codes[block];
        const auto & scales = tile.scales[block];
        for (int half = 0; half < 2; ++half) {
            __m256i eighths = _mm256_setzero_si256();
            for (int run = 0; run < RUNS; ++run) {
                const __m256i sum = run_of(codes, scales, token[block], shifts[block], half, run);
                eighths           = _mm256_add_epi32(eighths, _mm256_madd_epi16(sum, factors_of(scales, half, run)));
            }
            total[half] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(eighths), scale_of(scales, half, token[block].scale), total[half]);
        }
    }
    _mm256_storeu_ps(sums, total[0]);
    _mm256_storeu_ps(sums + HALF, total[1]);
}

// Eight rows of a block with their factors multiplied in, so that many tokens need not.
struct alignas(32) Unpacked {
    uint8_t units[UNITS][HALF * UNIT];
    int16_t shifts[RUNS][HALF * 2]; // what the sums of a run's two groups count
};

SNUG_AVX2 SNUG_EACH void unpack(const TernaryCodes & codes, const TernaryScales & scales, int half, Unpacked & to) {
    const __m256i mask = _mm256_set1_epi8(3);
    for (int run = 0; run < RUNS; ++run) {
        const __m256i q      = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(codes.runs[run] + half * HALF * UNIT));
        const __m256i factor = factors_of(scales, half, run);
        auto *        unit   = reinterpret_cast<__m256i *>(to.units[run * RUN / UNIT]);
        // a byte of a code and one of its neighbour are multiplied at once: neither comes to more than 30
        _mm256_store_si256(unit, _mm256_mullo_epi16(_mm256_and_si256(q, mask), factor));
        _mm256_store_si256(unit + 1, _mm256_mullo_epi16(_mm256_and_si256(_mm256_srli_epi16(q, 2), mask), factor));
        _mm256_store_si256(unit + 2, _mm256_mullo_epi16(_mm256_and_si256(_mm256_srli_epi16(q, 4), mask), factor));
        _mm256_store_si256(unit + 3, _mm256_mullo_epi16(_mm256_and_si256(_mm256_srli_epi16(q, 6), mask), factor));
        const __m256i up    = _mm256_and_si256(above_of(scales, half, run), _mm256_set1_epi16(2));
        const __m256i shift = _mm256_add_epi16(_mm256_set1_epi16(-9), up);
        _mm256_store_si256(reinterpret_cast<__m256i *>(to.shifts[run]), _mm256_mullo_epi16(shift, factor));
    }
}

template <int COUNT> SNUG_AVX2 SNUG_EACH void add_block(const Unpacked & from, const TernaryScales & scales, int half,
                                                        const TokenBlock * token, int64_t stride, float * sums) {
    __m256i whole[COUNT], eighths[COUNT];
    for (int i = 0; i < COUNT; ++i) {
        whole[i] = eighths[i] = _mm256_setzero_si256();
    }
    for (int run = 0; run < RUNS; ++run) {
        const auto *  unit = reinterpret_cast<const __m256i *>(from.units[run * RUN / UNIT]);
        const __m256i a = _mm256_load_si256(unit), b = _mm256_load_si256(unit + 1);
        const __m256i c = _mm256_load_si256(unit + 2), d = _mm256_load_si256(unit + 3);
        const __m256i shift = _mm256_load_si256(reinterpret_cast<const __m256i *>(from.shifts[run]));
        for (int i = 0; i < COUNT; ++i) {
            const TokenBlock & with   = token[i * stride];
            const int8_t *     values = with.values + run * RUN;
            // four times 2 · 30 · 127 still fit 16 bits
            const __m256i ab = _mm256_add_epi16(_mm256_maddubs_epi16(a, four_of(values)), _mm256_maddubs_epi16(b, four_of(values + UNIT)));
            const __m256i cd =
                _mm256_add_epi16(_mm256_maddubs_epi16(c, four_of(values + 2 * UNIT)), _mm256_maddubs_epi16(d, four_of(values + 3 * UNIT)));
            whole[i]   = _mm256_add_epi32(whole[i], _mm256_madd_epi16(_mm256_add_epi16(ab, cd), _mm256_set1_epi16(1)));
            eighths[i] = _mm256_add_epi32(eighths[i], _mm256_madd_epi16(shift, four_of(with.sums + 2 * run)));
        }
    }
    for (int i = 0; i < COUNT; ++i) {
        float *       to    = sums + i * TILE + half * HALF;
        const __m256  scale = scale_of(scales, half, token[i * stride].scale);
        const __m256i sum   = _mm256_add_epi32(_mm256_slli_epi32(whole[i], 3), eighths[i]);
        _mm256_storeu_ps(to, _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum), scale, _mm256_loadu_ps(to)));
    }
}

SNUG_AVX2 void batch(const TernaryTile & tile, const TokenBlock * tokens, int64_t count, float * sums) {
    std::memset(sums, 0, count * TILE * sizeof(float));
    Unpacked unpacked;
    for (int64_t block = 0; block < tile.blocks; ++block) {
        const TokenBlock * token = tokens + block;
        for (int half = 0; half < 2; ++half) {
            unpack(tile.codes[block], tile.scales[block], half, unpacked);
            int64_t i = 0;
            for (; i + 3 <= count; i += 3) {
                add_block<3>(unpacked, tile.scales[block], half, token + i * tile.blocks, tile.blocks, sums + i * TILE);
            }
            for (; i < count; ++i) {
                add_block<1>(unpacked, tile.scales[block], half, token + i * tile.blocks, tile.blocks, sums + i * TILE);
            }
        }
    }
}

} // namespace

const TernaryKernel TERNARY_AVX2 = { "AVX2", decode, batch };

} // namespace snug::kernels

#endif
