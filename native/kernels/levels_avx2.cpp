#include "levels.h"
#include "processors.h"

#ifdef SNUG_X86

#    include "rows_avx2.h"

#    include "panel.h"

namespace snug::kernels {

namespace {

// COUNT tokens, all of whose values are there as positive bytes, times a panel, factors and all
template <int COUNT, int FACTOR_COLUMNS, class Values>
SNUG_OPERATION void whole_of(const Panel<FACTOR_COLUMNS> & panel, Values values, Ints * whole) {
    constexpr int GROUP_UNITS = Panel<FACTOR_COLUMNS>::GROUP_UNITS;
    for (int group = 0; group < Panel<FACTOR_COLUMNS>::GROUPS; ++group) {
        const Ints factors = load(panel.factors[group]);
        for (int of_group = 0; of_group < GROUP_UNITS; ++of_group) {
            const int  unit    = group * GROUP_UNITS + of_group;
            const Ints weights = load(panel.units[unit]);
            for (int i = 0; i < COUNT; ++i) {
                whole[i] = add_pairs(whole[i], _mm256_maddubs_epi16(values(i, unit), weights), factors);
            }
        }
    }
}

} // namespace

} // namespace snug::kernels

#    include "panels.h"

#    include "levels_vectors.h"

namespace snug::kernels {

const LevelsKernel LEVELS_AVX2 = { "AVX2", ROWS, tile_bytes, prepared_bytes, prepare, multiply };

} // namespace snug::kernels

#endif
