#include "kquants.h"
#include "processors.h"

#ifdef SNUG_X86

#    include "rows_avx_vnni.h"

#    include "kquants_fours.h"
#    include "kquants_together.h"

namespace snug::kernels {

const KQuantKernel KQUANTS_AVX_VNNI = {
    "AVX-VNNI", ROWS, { GGML_TYPE_Q2_K, GGML_TYPE_Q3_K }, tile_bytes, prepared_bytes, prepare, multiply
};

} // namespace snug::kernels

#endif
