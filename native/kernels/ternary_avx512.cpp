// 16 rows in the lanes of a vector, four columns of each in a lane.
#include "processors.h"
#include "ternary_kernels.h"

#ifdef SNUG_X86

#    include <algorithm>

#    include "rows_avx512.h"

namespace snug::kernels {

namespace {

SNUG_OPERATION Floats eighth(Floats a) { return _mm512_mul_ps(a, _mm512_set1_ps(0.125f)); }

SNUG_OPERATION Ints eight_times(Ints sums) { return _mm512_slli_epi32(sums, 3); }

// Of a vector of rows, which groups are shifted down.
struct Signs {
    Ints below;

    SNUG_TARGET SNUG_EACH explicit Signs(Ints below) : below(below) {}

    // factors, less than nothing where the bit is set
    template <int BIT> SNUG_TARGET SNUG_EACH Ints of(Ints factors) const {
        const __mmask64 down = _mm512_test_epi8_mask(below, _mm512_set1_epi8(static_cast<int8_t>(1 << BIT)));
        return _mm512_mask_sub_epi8(factors, down, none(), factors);
    }
};

// −1, 0 and 1 times factors up to 15
SNUG_OPERATION Ints times_factor(Ints weights, Ints factors) {
    const Ints some = _mm512_maskz_mov_epi8(_mm512_test_epi8_mask(weights, weights), factors);
    return _mm512_mask_sub_epi8(some, _mm512_movepi8_mask(weights), none(), some);
}

SNUG_OPERATION Ints add_four(Ints sum, Ints weights) { return add_fours(sum, _mm512_set1_epi8(1), weights); }

} // namespace

} // namespace snug::kernels

#    include "ternary_dots.h"
#    include "ternary_vectors.h"

namespace snug::kernels {

const TernaryKernel TERNARY_AVX512 = { "AVX-512", prepared_bytes, prepare, multiply };

} // namespace snug::kernels

#endif
