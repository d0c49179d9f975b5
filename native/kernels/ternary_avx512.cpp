// 16 rows in the lanes of one vector, four columns of each in a lane.
#include "processors.h"
#include "ternary_kernels.h"

#ifdef SNUG_X86

#    include <cstring>

namespace snug::kernels {

namespace {

SNUG_AVX512 SNUG_EACH __m512i four_of(const void * values) {
    int32_t four;
    std::memcpy(&four, values, sizeof(four));
    return _mm512_set1_epi32(four);
}

// the factors of two runs, in the low half of every lane: the high half must not count in a product of pairs
struct Factors {
    __m512i even, odd;
};

SNUG_AVX512 SNUG_EACH Factors factors_of(const TernaryScales & scales, int pair) {
    const __m512i both = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(scales.factors[pair])));
    return { _mm512_and_si512(both, _mm512_set1_epi32(15)), _mm512_srli_epi32(both, 4) };
}

SNUG_AVX512 SNUG_EACH __m512 scale_of(const TernaryScales & scales, float token) {
    const __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(scales.scale));
    return _mm512_mul_ps(_mm512_cvtph_ps(halves), _mm512_set1_ps(EIGHTH * token));
}

// eighths of the product of a run with its columns, to which its factor is still to come
SNUG_AVX512 SNUG_EACH __m512i run_of(const TernaryCodes & codes, const TernaryScales & scales, const TokenBlock & token,
                                     const TokenShifts & shifts, int run) {
    const __m512i  q      = _mm512_loadu_si512(codes.runs[run]);
    const __m512i  mask   = _mm512_set1_epi8(3 << 3);
    const int8_t * values = token.values + run * RUN;
    __m512i        sum    = _mm512_set1_epi32(shifts.base[run]);
    sum                   = _mm512_mask_add_epi32(sum, scales.above[2 * run], sum, _mm512_set1_epi32(shifts.more[2 * run]));
    sum                   = _mm512_mask_add_epi32(sum, scales.above[2 * run + 1], sum, _mm512_set1_epi32(shifts.more[2 * run + 1]));
    sum                   = _mm512_dpbusd_epi32(sum, _mm512_and_si512(_mm512_slli_epi32(q, 3), mask), four_of(values));
    sum                   = _mm512_dpbusd_epi32(sum, _mm512_and_si512(_mm512_slli_epi32(q, 1), mask), four_of(values + UNIT));
    sum                   = _mm512_dpbusd_epi32(sum, _mm512_and_si512(_mm512_srli_epi32(q, 1), mask), four_of(values + 2 * UNIT));
    return _mm512_dpbusd_epi32(sum, _mm512_and_si512(_mm512_srli_epi32(q, 3), mask), four_of(values + 3 * UNIT));
}

SNUG_AVX512 void decode(const TernaryTile & tile, const TokenBlock * token, const TokenShifts * shifts, float * sums) {
    __m512 total = _mm512_setzero_ps();
    for (int64_t block = 0; block < tile.blocks; ++block) {
        const auto & codes  = tile.codes[block];
        const auto & scales = tile.scales[block];
        __m512i      even = _mm512_setzero_si512(), odd = even;
        for (int pair = 0; pair < RUNS / 2; ++pair) {
            const Factors factors = factors_of(scales, pair);
            even                  = _mm512_dpwssd_epi32(even, run_of(codes, scales, token[block], shifts[block], 2 * pair), factors.even);
            odd                   = _mm512_dpwssd_epi32(odd, run_of(codes, scales, token[block], shifts[block], 2 * pair + 1), factors.odd);
        }
        const __m512 eighths = _mm512_cvtepi32_ps(_mm512_add_epi32(even, odd));
        total                = _mm512_fmadd_ps(eighths, scale_of(scales, token[block].scale), total);
    }
    _mm512_storeu_ps(sums, total);
}

// A block with its factors multiplied in, so that many tokens need not.
struct alignas(64) Unpacked {
    uint8_t units[UNITS][TILE * UNIT];
    int16_t shifts[RUNS][TILE * 2]; // what the sums of a run's two groups count
};

SNUG_AVX512 SNUG_EACH void unpack_run(const TernaryCodes & codes, const TernaryScales & scales, __m512i factor, int run, Unpacked & to) {
    const __m512i q     = _mm512_loadu_si512(codes.runs[run]);
    const __m512i mask  = _mm512_set1_epi8(3);
    const __m512i twice = _mm512_or_si512(factor, _mm512_slli_epi32(factor, 16));
    auto *        unit  = to.units[run * RUN / UNIT];
    // a byte of a code and one of its neighbour are multiplied at once: neither comes to more than 30
    _mm512_store_si512(unit, _mm512_mullo_epi16(_mm512_and_si512(q, mask), twice));
    _mm512_store_si512(unit + 64, _mm512_mullo_epi16(_mm512_and_si512(_mm512_srli_epi32(q, 2), mask), twice));
    _mm512_store_si512(unit + 128, _mm512_mullo_epi16(_mm512_and_si512(_mm512_srli_epi32(q, 4), mask), twice));
    _mm512_store_si512(unit + 192, _mm512_mullo_epi16(_mm512_and_si512(_mm512_srli_epi32(q, 6), mask), twice));
    __m512i shift = _mm512_set1_epi16(-9);
    shift         = _mm512_mask_add_epi32(shift, scales.above[2 * run], shift, _mm512_set1_epi32(2));
    shift         = _mm512_mask_add_epi32(shift, scales.above[2 * run + 1], shift, _mm512_set1_epi32(2 << 16));
    _mm512_store_si512(to.shifts[run], _mm512_mullo_epi16(shift, twice));
}

SNUG_AVX512 SNUG_EACH void unpack(const TernaryCodes & codes, const TernaryScales & scales, Unpacked & to) {
    for (int pair = 0; pair < RUNS / 2; ++pair) {
        const Factors factors = factors_of(scales, pair);
        unpack_run(codes, scales, factors.even, 2 * pair, to);
        unpack_run(codes, scales, factors.odd, 2 * pair + 1, to);
    }
}

template <int COUNT> SNUG_AVX512 SNUG_EACH void add_block(const Unpacked & from, const TernaryScales & scales, const TokenBlock * token,
                                                          int64_t stride, float * sums) {
    __m512i eighths[COUNT];
    for (int i = 0; i < COUNT; ++i) {
        eighths[i] = _mm512_setzero_si512();
    }
    for (int unit = 0; unit < UNITS; ++unit) {
        const __m512i weights = _mm512_load_si512(from.units[unit]);
        for (int i = 0; i < COUNT; ++i) {
            eighths[i] = _mm512_dpbusd_epi32(eighths[i], weights, four_of(token[i * stride].values + unit * UNIT));
        }
    }
    for (int i = 0; i < COUNT; ++i) {
        eighths[i] = _mm512_slli_epi32(eighths[i], 3);
    }
    for (int run = 0; run < RUNS; ++run) {
        const __m512i weights = _mm512_load_si512(from.shifts[run]);
        for (int i = 0; i < COUNT; ++i) {
            eighths[i] = _mm512_dpwssd_epi32(eighths[i], weights, four_of(token[i * stride].sums + 2 * run));
        }
    }
    for (int i = 0; i < COUNT; ++i) {
        float *      to    = sums + i * TILE;
        const __m512 scale = scale_of(scales, token[i * stride].scale);
        _mm512_storeu_ps(to, _mm512_fmadd_ps(_mm512_cvtepi32_ps(eighths[i]), scale, _mm512_loadu_ps(to)));
    }
}

SNUG_AVX512 void batch(const TernaryTile & tile, const TokenBlock * tokens, int64_t count, float * sums) {
    std::memset(sums, 0, count * TILE * sizeof(float));
    Unpacked unpacked;
    for (int64_t block = 0; block < tile.blocks; ++block) {
        unpack(tile.codes[block], tile.scales[block], unpacked);
        const TokenBlock * token = tokens + block;
        int64_t            i     = 0;
        for (; i + 8 <= count; i += 8) {
            add_block<8>(unpacked, tile.scales[block], token + i * tile.blocks, tile.blocks, sums + i * TILE);
        }
        for (; i + 2 <= count; i += 2) {
            add_block<2>(unpacked, tile.scales[block], token + i * tile.blocks, tile.blocks, sums + i * TILE);
        }
        for (; i < count; ++i) {
            add_block<1>(unpacked, tile.scales[block], token + i * tile.blocks, tile.blocks, sums + i * TILE);
        }
    }
}

} // namespace

const TernaryKernel TERNARY_AVX512 = { "AVX-512", decode, batch };

} // namespace snug::kernels

#endif
