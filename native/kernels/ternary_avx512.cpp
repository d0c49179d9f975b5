// 16 rows in the lanes of a vector, four columns of each in a lane.
#include "processors.h"
#include "ternary_kernels.h"

#ifdef SNUG_X86

#    include <algorithm>

#    include "rows_avx512.h"

namespace snug::kernels {

namespace {

SNUG_OPERATION Floats eighth(Floats a) { return _mm512_mul_ps(a, _mm512_set1_ps(0.125f)); }

template <int S> SNUG_OPERATION Ints code(Ints four) { return _mm512_and_si512(_mm512_srli_epi16(four, 2 * S), _mm512_set1_epi8(3)); }
SNUG_OPERATION Ints                  minus_one(Ints codes) { return _mm512_sub_epi8(codes, _mm512_set1_epi8(1)); }
SNUG_OPERATION Ints                  eight_times(Ints sums) { return _mm512_slli_epi32(sums, 3); }

// of a side's runs in two pieces that follow one another, in the two halves of each row's lane
SNUG_OPERATION Ints factors_of(const TernaryScales & scales, int, int side, int pair) {
    const __m128i even = _mm_loadu_si128(reinterpret_cast<const __m128i *>(scales.factors[2 * pair]));
    const __m128i odd  = _mm_loadu_si128(reinterpret_cast<const __m128i *>(scales.factors[2 * pair + 1]));
    const __m512i both = _mm512_cvtepu8_epi16(_mm256_set_m128i(_mm_unpackhi_epi8(even, odd), _mm_unpacklo_epi8(even, odd)));
    return side == 0 ? _mm512_and_si512(both, _mm512_set1_epi16(15)) : _mm512_srli_epi16(both, 4);
}

// factors of pairs, less than nothing where the row's group is shifted down
SNUG_OPERATION Ints less_below(Ints factors, const uint16_t * below, int) {
    const __m512i numbers = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i bit     = _mm512_sllv_epi32(_mm512_set1_epi32(0x00010001), numbers);
    return _mm512_mask_sub_epi16(factors, _mm512_test_epi16_mask(each(below), bit), none(), factors);
}

// −1, 0 and 1 times factors up to 15
SNUG_OPERATION Ints times_factor(Ints weights, Ints factors) {
    const Ints some = _mm512_maskz_mov_epi8(_mm512_test_epi8_mask(weights, weights), factors);
    return _mm512_mask_sub_epi8(some, _mm512_movepi8_mask(weights), none(), some);
}

SNUG_OPERATION Ints in_bytes(Ints factors, int odd) { return _mm512_mullo_epi32(one_of(factors, odd), _mm512_set1_epi32(0x01010101)); }

SNUG_OPERATION Ints add_four(Ints sum, Ints weights) { return add_fours(sum, _mm512_set1_epi8(1), weights); }

} // namespace

} // namespace snug::kernels

#    include "ternary_dots.h"
#    include "ternary_vectors.h"

namespace snug::kernels {

const TernaryKernel TERNARY_AVX512 = { "AVX-512", prepared_bytes, prepare, multiply };

} // namespace snug::kernels

#endif
