#include "processors.h"

#ifdef SNUG_X86
#    define SNUG_HERE SNUG_AVX2

#    include "lattice.h"

namespace snug::kernels {

namespace {

constexpr int TOGETHER = 2;
// for eight tokens and more, which others have lattice_panels.h for
constexpr bool ADDS_PANELS = true;

SNUG_HERE SNUG_EACH __m256i add_products(__m256i sums, __m256i pairs, __m256i factors) {
    return _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, factors));
}

} // namespace

} // namespace snug::kernels

#    include "lattice_blends.h"
#    include "lattice_rows.h"

namespace snug::kernels {

const LatticeKernel LATTICE_AVX2 = { "AVX2", decode, batch, nullptr };

} // namespace snug::kernels

#endif
