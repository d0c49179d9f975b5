// Eight rows in the lanes of a vector, four columns of each in a lane.
#include "processors.h"
#include "ternary_kernels.h"

#ifdef SNUG_X86

#    include <algorithm>

#    include "rows_avx2.h"

#    include "ternary_eight_rows.h"

namespace snug::kernels {

namespace {

SNUG_OPERATION Ints in_bytes(Ints factors, int odd) {
    const Ints factor = one_of(factors, odd);
    return _mm256_or_si256(factor, _mm256_slli_epi16(factor, 8));
}

SNUG_OPERATION Ints add_four(Ints sum, Ints weights) {
    return add_pairs(sum, _mm256_maddubs_epi16(_mm256_set1_epi8(1), weights), _mm256_set1_epi16(1));
}

// COUNT tokens times a block of a panel
template <int COUNT, class Panel, class Token> SNUG_OPERATION void whole_of(const Panel & panel, const Token * tokens, Ints * whole) {
    // four times 2 · 15 · 255 still fit 16 bits
    constexpr int AT_ONCE = 4;
    for (int i = 0; i < COUNT; ++i) {
        whole[i] = load(panel.lift);
    }
    for (int first = 0; first < UNITS; first += AT_ONCE) {
        Ints pairs[COUNT];
        for (int unit = first; unit < first + AT_ONCE; ++unit) {
            const Ints weights = load(panel.units[unit]);
            for (int i = 0; i < COUNT; ++i) {
                const Ints product = _mm256_maddubs_epi16(each(tokens[i].values + unit * UNIT), weights);
                pairs[i]           = unit == first ? product : _mm256_add_epi16(pairs[i], product);
            }
        }
        for (int i = 0; i < COUNT; ++i) {
            whole[i] = add_pairs(whole[i], pairs[i], _mm256_set1_epi16(1));
        }
    }
}

} // namespace

} // namespace snug::kernels

#    include "ternary_vectors.h"

namespace snug::kernels {

const TernaryKernel TERNARY_AVX2 = { "AVX2", prepared_bytes, prepare, multiply };

} // namespace snug::kernels

#endif
