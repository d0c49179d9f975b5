#include "processors.h"

#ifdef SNUG_X86
#    define SNUG_HERE SNUG_AVX_VNNI

#    include "lattice.h"
#    include "rows_avx_vnni.h"

namespace snug::kernels {

namespace {

constexpr int  TOGETHER    = 2;
constexpr bool ADDS_PANELS = false;

SNUG_HERE SNUG_EACH __m256i add_products(__m256i sums, __m256i pairs, __m256i factors) { return add_pairs(sums, pairs, factors); }

} // namespace

} // namespace snug::kernels

#    include "lattice_blends.h"
#    include "lattice_rows.h"

#    include "lattice_panels.h"

namespace snug::kernels {

const LatticeKernel LATTICE_AVX_VNNI = { "AVX-VNNI", decode, batch, panels };

} // namespace snug::kernels

#endif
