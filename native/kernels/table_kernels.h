#pragma once

#include "tables.h"

namespace snug::kernels {

extern const TableKernel TABLES_AVX512;
extern const TableKernel TABLES_AVX2;
extern const TableKernel TABLES_AVX2_LOADS;

// what TABLES_AVX512 doesn't share with AVX2's
void make_avx512(const TableGrid & grid, const int8_t * const * values, Tables & tables);
void first_pass_avx512(const TableRun & run, Shifts shifts, const Tables & tables, TableHalves * halves);
void second_pass_avx512(const TableRun & run, Shifts shifts, const Tables & tables, const TableHalves * halves, float scale,
                        TableSums * sums);

} // namespace snug::kernels
