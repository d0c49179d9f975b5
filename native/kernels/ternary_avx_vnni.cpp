// Eight rows in the lanes of a vector, four columns of each in a lane, whose products one instruction adds up.
#include "processors.h"
#include "ternary_kernels.h"

#ifdef SNUG_X86

#    include <algorithm>

#    include "rows_avx_vnni.h"

#    include "ternary_eight_rows.h"

namespace snug::kernels {

namespace {

SNUG_OPERATION Ints add_four(Ints sum, Ints weights) { return add_fours(sum, _mm256_set1_epi8(1), weights); }

} // namespace

} // namespace snug::kernels

#    include "ternary_dots.h"
#    include "ternary_vectors.h"

namespace snug::kernels {

const TernaryKernel TERNARY_AVX_VNNI = { "AVX-VNNI", prepared_bytes, prepare, multiply };

} // namespace snug::kernels

#endif
