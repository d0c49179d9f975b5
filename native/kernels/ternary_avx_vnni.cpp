// As with AVX2, with products of four bytes added up in one instruction.
#include "processors.h"
#include "ternary_kernels.h"

#ifdef SNUG_X86

#    include <cstring>

namespace snug::kernels {

namespace {

constexpr int HALF = TILE / 2;

SNUG_AVX_VNNI SNUG_EACH __m256i four_of(const void * values) {
    int32_t four;
    std::memcpy(&four, values, sizeof(four));
    return _mm256_set1_epi32(four);
}

// the factors of a run for eight rows, in the low half of every lane: the high half must not count in a product of pairs
SNUG_AVX_VNNI SNUG_EACH __m256i factors_of(const TernaryScales & scales, int half, int run) {
    const __m256i both = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i *>(scales.factors[run / 2] + half * HALF)));
    return run % 2 == 0 ? _mm256_and_si256(both, _mm256_set1_epi32(15)) : _mm256_srli_epi32(both, 4);
}

SNUG_AVX_VNNI SNUG_EACH __m256 scale_of(const TernaryScales & scales, int half, float token) {
    const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i *>(scales.scale + half * HALF));
    return _mm256_mul_ps(_mm256_cvtph_ps(halves), _mm256_set1_ps(EIGHTH * token));
}

// all bits of the rows whose group is shifted up
SNUG_AVX_VNNI SNUG_EACH __m256i above_of(const TernaryScales & scales, int half, int group) {
    const __m256i bit = _mm256_sllv_epi32(_mm256_set1_epi32(1 << half * HALF), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    return _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(scales.above[group]), bit), bit);
}

SNUG_AVX_VNNI SNUG_EACH __m256i run_of(const TernaryCodes & codes, const TernaryScales & scales, const TokenBlock & token,
                                       const TokenShifts & shifts, int half, int run) {
    const __m256i  q      = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(codes.runs[run] + half * HALF * UNIT));
    const __m256i  mask   = _mm256_set1_epi8(3 << 3);
    const int8_t * values = token.values + run * RUN;
    __m256i        sum    = _mm256_set1_epi32(shifts.base[run]);
    for (int group = 2 * run; group < 2 * run + 2; ++group) {
        sum = _mm256_add_epi32(sum, _mm256_and_si256(above_of(scales, half, group), _mm256_set1_epi32(shifts.more[group])));
    }
    sum = _mm256_dpbusd_avx_epi32(sum, _mm256_and_si256(_mm256_slli_epi32(q, 3), mask), four_of(values));
    sum = _mm256_dpbusd_avx_epi32(sum, _mm256_and_si256(_mm256_slli_epi32(q, 1), mask), four_of(values + UNIT));
    sum = _mm256_dpbusd_avx_epi32(sum, _mm256_and_si256(_mm256_srli_epi32(q, 1), mask), four_of(values + 2 * UNIT));
    return _mm256_dpbusd_avx_epi32(sum, _mm256_and_si256(_mm256_srli_epi32(q, 3), mask), four_of(values + 3 * UNIT));
}

SNUG_AVX_VNNI void decode(const TernaryTile & tile, const TokenBlock * token, const TokenShifts * shifts, float * sums) {
    __m256 total[2] = { _mm256_setzero_ps(), _mm256_setzero_ps() };
    for (int64_t block = 0; block < tile.blocks; ++block) {
        const auto & codes  = tile.codes[block];
        const auto & scales = tile.scales[block];
        for (int half = 0; half < 2; ++half) {
            __m256i even = _mm256_setzero_si256(), odd = even;
            for (int run = 0; run < RUNS; run += 2) {
                even = _mm256_dpwssd_avx_epi32(even, run_of(codes, scales, token[block], shifts[block], half, run),
                                               factors_of(scales, half, run));
                odd  = _mm256_dpwssd_avx_epi32(odd, run_of(codes, scales, token[block], shifts[block], half, run + 1),
                                               factors_of(scales, half, run + 1));
            }
            const __m256 eighths = _mm256_cvtepi32_ps(_mm256_add_epi32(even, odd));
            total[half]          = _mm256_fmadd_ps(eighths, scale_of(scales, half, token[block].scale), total[half]);
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

SNUG_AVX_VNNI SNUG_EACH void unpack(const TernaryCodes & codes, const TernaryScales & scales, int half, Unpacked & to) {
    const __m256i mask = _mm256_set1_epi8(3);
    for (int run = 0; run < RUNS; ++run) {
        const __m256i q      = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(codes.runs[run] + half * HALF * UNIT));
        const __m256i factor = factors_of(scales, half, run);
        const __m256i twice  = _mm256_or_si256(factor, _mm256_slli_epi32(factor, 16));
        auto *        unit   = reinterpret_cast<__m256i *>(to.units[run * RUN / UNIT]);
        // a byte of a code and one of its neighbour are multiplied at once: neither comes to more than 30
        _mm256_store_si256(unit, _mm256_mullo_epi16(_mm256_and_si256(q, mask), twice));
        _mm256_store_si256(unit + 1, _mm256_mullo_epi16(_mm256_and_si256(_mm256_srli_epi16(q, 2), mask), twice));
        _mm256_store_si256(unit + 2, _mm256_mullo_epi16(_mm256_and_si256(_mm256_srli_epi16(q, 4), mask), twice));
        _mm256_store_si256(unit + 3, _mm256_mullo_epi16(_mm256_and_si256(_mm256_srli_epi16(q, 6), mask), twice));
        const __m256i first  = _mm256_and_si256(above_of(scales, half, 2 * run), _mm256_set1_epi32(2));
        const __m256i second = _mm256_and_si256(above_of(scales, half, 2 * run + 1), _mm256_set1_epi32(2 << 16));
        const __m256i shift  = _mm256_add_epi16(_mm256_set1_epi16(-9), _mm256_or_si256(first, second));
        _mm256_store_si256(reinterpret_cast<__m256i *>(to.shifts[run]), _mm256_mullo_epi16(shift, twice));
    }
}

template <int COUNT> SNUG_AVX_VNNI SNUG_EACH void add_block(const Unpacked & from, const TernaryScales & scales, int half,
                                                            const TokenBlock * token, int64_t stride, float * sums) {
    __m256i eighths[COUNT];
    for (int i = 0; i < COUNT; ++i) {
        eighths[i] = _mm256_setzero_si256();
    }
    for (int unit = 0; unit < UNITS; ++unit) {
        const __m256i weights = _mm256_load_si256(reinterpret_cast<const __m256i *>(from.units[unit]));
        for (int i = 0; i < COUNT; ++i) {
            eighths[i] = _mm256_dpbusd_avx_epi32(eighths[i], weights, four_of(token[i * stride].values + unit * UNIT));
        }
    }
    for (int i = 0; i < COUNT; ++i) {
        eighths[i] = _mm256_slli_epi32(eighths[i], 3);
    }
    for (int run = 0; run < RUNS; ++run) {
        const __m256i weights = _mm256_load_si256(reinterpret_cast<const __m256i *>(from.shifts[run]));
        for (int i = 0; i < COUNT; ++i) {
            eighths[i] = _mm256_dpwssd_avx_epi32(eighths[i], weights, four_of(token[i * stride].sums + 2 * run));
        }
    }
    for (int i = 0; i < COUNT; ++i) {
        float *      to    = sums + i * TILE + half * HALF;
        const __m256 scale = scale_of(scales, half, token[i * stride].scale);
        _mm256_storeu_ps(to, _mm256_fmadd_ps(_mm256_cvtepi32_ps(eighths[i]), scale, _mm256_loadu_ps(to)));
    }
}

SNUG_AVX_VNNI void batch(const TernaryTile & tile, const TokenBlock * tokens, int64_t count, float * sums) {
    std::memset(sums, 0, count * TILE * sizeof(float));
    Unpacked unpacked;
    for (int64_t block = 0; block < tile.blocks; ++block) {
        const TokenBlock * token = tokens + block;
        for (int half = 0; half < 2; ++half) {
            unpack(tile.codes[block], tile.scales[block], half, unpacked);
            int64_t i = 0;
            for (; i + 8 <= count; i += 8) {
                add_block<8>(unpacked, tile.scales[block], half, token + i * tile.blocks, tile.blocks, sums + i * TILE);
            }
            for (; i < count; ++i) {
                add_block<1>(unpacked, tile.scales[block], half, token + i * tile.blocks, tile.blocks, sums + i * TILE);
            }
        }
    }
}

} // namespace

const TernaryKernel TERNARY_AVX_VNNI = { "AVX-VNNI", decode, batch };

} // namespace snug::kernels

#endif
