#pragma once

#include "tables.h"

namespace snug::kernels {

extern const TableKernel TABLES_AVX512;
extern const TableKernel TABLES_AVX512_LOADS;
extern const TableKernel TABLES_AVX2;
extern const TableKernel TABLES_AVX2_LOADS;

// what those for AVX-512 don't share with AVX2's
void                         make_avx512(const TableGrid & grid, const int8_t * const * values, Tables & tables);
template <bool LOADING> void first_pass_avx512(const TableRun & run, Shifts shifts, const Tables & tables, TableHalves * halves);
template <bool LOADING> void second_pass_avx512(const TableRun & run, Shifts shifts, const Tables & tables, const TableHalves * halves,
                                                float scale, TableSums * sums);

} // namespace snug::kernels
