// Not for Q2_K, which ggml arranges anew for AVX-512 by itself.
#include "kquants.h"
#include "processors.h"

#ifdef SNUG_X86

#    include "rows_avx512.h"

#    include "kquants_fours.h"
#    include "kquants_together.h"

namespace snug::kernels {

const KQuantKernel KQUANTS_AVX512 = { "AVX-512", ROWS, { GGML_TYPE_Q3_K }, tile_bytes, prepared_bytes, prepare, multiply };

} // namespace snug::kernels

#endif
