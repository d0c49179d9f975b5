// How panels are multiplied by processors that add the products of four bytes up, for files that have said add_fours. Rows lie in the
// lanes, so that a factor multiplies four or eight such sums at once, and no lanes are added up.

#include "panel.h"

namespace snug::kernels {

namespace {

// COUNT tokens, all of whose values are there as positive bytes, times a panel, factors and all
template <int COUNT, int FACTOR_COLUMNS, class Values>
SNUG_OPERATION void whole_of(const Panel<FACTOR_COLUMNS> & panel, Values values, Ints * whole) {
    constexpr int GROUP_UNITS = Panel<FACTOR_COLUMNS>::GROUP_UNITS;
    for (int group = 0; group < Panel<FACTOR_COLUMNS>::GROUPS; ++group) {
        Ints sums[COUNT];
        std::fill_n(sums, COUNT, none());
        for (int of_group = 0; of_group < GROUP_UNITS; ++of_group) {
            const int  unit    = group * GROUP_UNITS + of_group;
            const Ints weights = load(panel.units[unit]);
            for (int i = 0; i < COUNT; ++i) {
                sums[i] = add_fours(sums[i], values(i, unit), weights);
            }
        }
        const Ints factors = load(panel.factors[group]);
        for (int i = 0; i < COUNT; ++i) {
            whole[i] = add(whole[i], times_ints(sums[i], factors));
        }
    }
}

} // namespace

} // namespace snug::kernels

#include "panels.h"
