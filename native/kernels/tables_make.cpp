#include "tables.h"

namespace snug::kernels {

void make_tables(const TableKernel & kernel, const TokenBlock & token, int course, int pass, Shifts shifts, Tables & tables) {
    const int8_t * values[LOOKED];
    for (int looked = 0; looked < LOOKED; ++looked) {
        const int       piece  = pass * LOOKED + looked;
        const int16_t * groups = token.sums + piece * COURSES;
        values[looked]         = token.values + piece * PIECE + course * GROUP;
        if (shifts == Shifts::OF_BLOCK) {
            tables.shifts[0][looked] = static_cast<int16_t>(groups[0] + groups[1] + groups[2] + groups[3]);
            continue;
        }
        const int8_t * first     = values[looked];
        const int      lane      = first[0] + first[1] + first[2] + first[3];
        tables.shifts[0][looked] = static_cast<int16_t>(lane);
        tables.shifts[1][looked] = static_cast<int16_t>(groups[course] - lane);
    }
    kernel.make(table_grid(), values, tables);
}

} // namespace snug::kernels
