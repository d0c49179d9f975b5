#include "levels.h"
#include "processors.h"

#ifdef SNUG_X86

#    include "rows_avx512.h"

#    include "panels_fours.h"

#    include "levels_vectors.h"

namespace snug::kernels {

const LevelsKernel LEVELS_AVX512 = { "AVX-512", ROWS, tile_bytes, prepared_bytes, prepare, multiply };

} // namespace snug::kernels

#endif
