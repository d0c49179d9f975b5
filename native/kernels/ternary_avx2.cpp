// Eight rows in the lanes of a vector, four columns of each in a lane.
#include "processors.h"
#include "ternary_kernels.h"

#ifdef SNUG_X86

#    include <algorithm>

#    include "rows_avx2.h"

#    include "ternary_eight_rows.h"

namespace snug::kernels {

namespace {

// A sum that is added to as soon as it is there: GCC gathers all that is to be added up before it adds, in more vectors than there are.
SNUG_OPERATION Ints in_turn(Ints sum) {
#    ifdef __GNUC__
    __asm__("" : "+x"(sum));
#    endif
    return sum;
}

SNUG_OPERATION Ints add_four(Ints sum, Ints weights) {
    return add_pairs(sum, _mm256_maddubs_epi16(_mm256_set1_epi8(1), weights), _mm256_set1_epi16(1));
}

constexpr int TOGETHER = 1; // tokens: more of them would not fit the registers

// COUNT tokens times a block of the panels of a tile
template <int COUNT, int VECTORS, class Panel, class Token>
SNUG_OPERATION void whole_of(const Panel * panels, const Token * tokens, Ints (&whole)[COUNT][VECTORS]) {
    // four times 2 · 15 · 255 still fit 16 bits
    constexpr int AT_ONCE = 4;
    for (auto & of_token : whole) {
        for (int vector = 0; vector < VECTORS; ++vector) {
            of_token[vector] = load(panels[vector].lift);
        }
    }
    for (int first = 0; first < UNITS; first += AT_ONCE) {
        Ints pairs[COUNT][VECTORS];
        for (int unit = first; unit < first + AT_ONCE; ++unit) {
            Ints weights[VECTORS];
            for (int vector = 0; vector < VECTORS; ++vector) {
                weights[vector] = load(panels[vector].units[unit]);
            }
            for (int i = 0; i < COUNT; ++i) {
                const Ints values = each(tokens[i].values + unit * UNIT);
                for (int vector = 0; vector < VECTORS; ++vector) {
                    const Ints product = _mm256_maddubs_epi16(values, weights[vector]);
                    pairs[i][vector]   = unit == first ? product : _mm256_add_epi16(pairs[i][vector], product);
                }
            }
        }
        for (int i = 0; i < COUNT; ++i) {
            for (int vector = 0; vector < VECTORS; ++vector) {
                whole[i][vector] = add_pairs(whole[i][vector], pairs[i][vector], _mm256_set1_epi16(1));
            }
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
