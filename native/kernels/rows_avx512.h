// How rows side by side are multiplied with AVX-512 and its VNNI, which adds the products of four bytes up.

#define SNUG_TARGET SNUG_AVX512
#define SNUG_OPERATION SNUG_AVX512 SNUG_EACH

// before loops through pieces
#define SNUG_THROUGH_PIECES

#include "sixteen_rows.h"

namespace snug::kernels {

namespace {

SNUG_OPERATION Ints add_pairs(Ints sum, Ints a, Ints b) { return _mm512_dpwssd_epi32(sum, a, b); }
SNUG_OPERATION Ints add_fours(Ints sum, Ints positive, Ints other) { return _mm512_dpbusd_epi32(sum, positive, other); }

} // namespace

} // namespace snug::kernels

#include "rows_fours.h"
