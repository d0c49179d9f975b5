// Eight rows in the lanes of a vector, four columns of each in a lane, whose products one instruction adds up.
#include "processors.h"
#include "ternary_kernels.h"

#ifdef SNUG_X86

#    include <algorithm>
#    include <cstring>

#    define SNUG_TARGET SNUG_AVX_VNNI

namespace snug::kernels {

namespace {

using Ints   = __m256i;
using Floats = __m256;

constexpr int ROWS = 8;

#    define SNUG_OPERATION SNUG_AVX_VNNI SNUG_EACH

} // namespace

} // namespace snug::kernels

#    include "ternary_eight_rows.h"

namespace snug::kernels {

namespace {

// a factor in the low half of each row's lane: the high one must not count
SNUG_OPERATION Ints one_of(Ints factors, int odd) {
    return odd ? _mm256_srli_epi32(factors, 16) : _mm256_and_si256(factors, _mm256_set1_epi32(0xffff));
}

SNUG_OPERATION Ints in_bytes(Ints factors, int odd) { return _mm256_mullo_epi32(one_of(factors, odd), _mm256_set1_epi32(0x01010101)); }

SNUG_OPERATION Ints add_pairs(Ints sum, Ints a, Ints b) { return _mm256_dpwssd_avx_epi32(sum, a, b); }

SNUG_OPERATION int32_t less_of(const int8_t * four) { return -(four[0] + four[1] + four[2] + four[3]); }

SNUG_OPERATION Ints add_whole(Ints sum, Ints codes, const int8_t * values, const int32_t * less, Ints factor) {
    return add_pairs(sum, _mm256_dpbusd_avx_epi32(each(less), codes, each(values)), factor);
}

SNUG_OPERATION Ints add_four(Ints sum, Ints weights) { return _mm256_dpbusd_avx_epi32(sum, _mm256_set1_epi8(1), weights); }

// COUNT tokens times a block of a panel
template <int COUNT, class Panel, class Token> SNUG_OPERATION void whole_of(const Panel & panel, const Token * tokens, Ints * whole) {
    for (int i = 0; i < COUNT; ++i) {
        whole[i] = load(panel.lift);
    }
    for (int unit = 0; unit < UNITS; ++unit) {
        const Ints weights = load(panel.units[unit]);
        for (int i = 0; i < COUNT; ++i) {
            whole[i] = _mm256_dpbusd_avx_epi32(whole[i], each(tokens[i].values + unit * UNIT), weights);
        }
    }
}

} // namespace

} // namespace snug::kernels

#    include "ternary_vectors.h"

namespace snug::kernels {

const TernaryKernel TERNARY_AVX_VNNI = { "AVX-VNNI", prepared_bytes, prepare, multiply };

} // namespace snug::kernels

#endif
