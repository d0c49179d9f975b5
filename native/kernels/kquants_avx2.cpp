#include "kquants.h"
#include "processors.h"

#ifdef SNUG_X86

#    include "rows_avx2.h"

namespace snug::kernels {

namespace {

constexpr int TOGETHER = 4;

// four products of bytes fit 16 bits as they are, and not times their factors
SNUG_OPERATION Ints shared_weights(Ints weights, Ints) { return weights; }

SNUG_OPERATION Ints add_shared(Ints sum, Ints positive, Ints weights, Ints factor) {
    return add_pairs(sum, _mm256_maddubs_epi16(positive, weights), factor);
}

} // namespace

} // namespace snug::kernels

#    include "kquants_together.h"

namespace snug::kernels {

const KQuantKernel KQUANTS_AVX2 = { "AVX2", ROWS, { GGML_TYPE_Q2_K, GGML_TYPE_Q3_K }, tile_bytes, prepared_bytes, prepare, multiply };

} // namespace snug::kernels

#endif
