// How rows side by side are multiplied with AVX-VNNI, which adds the products of four bytes up.

#define SNUG_TARGET SNUG_AVX_VNNI
#define SNUG_OPERATION SNUG_AVX_VNNI SNUG_EACH

// before loops through pieces
#define SNUG_THROUGH_PIECES

#include "eight_rows.h"

namespace snug::kernels {

namespace {

SNUG_OPERATION Ints add_pairs(Ints sum, Ints a, Ints b) { return _mm256_dpwssd_avx_epi32(sum, a, b); }
SNUG_OPERATION Ints add_fours(Ints sum, Ints positive, Ints other) { return _mm256_dpbusd_avx_epi32(sum, positive, other); }

} // namespace

} // namespace snug::kernels

#include "rows_fours.h"
