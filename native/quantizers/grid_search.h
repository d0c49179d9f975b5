#pragma once

#include "grid.h"

#define SNUG_AVX2 __attribute__((target("avx2")))

namespace snug {

// Whether the processor has what the searches take.
bool can_search_grids();

// The first of the vectors near by with the least Σ w·(value − x)², summed as ggml does (iq2_find_best_neighbour and its like): its place
// in the list. `values` of the levels, of one dimension as of the other; x and w [dimensions].
int nearest_of_3_levels(const Grid::Near & near, const float * values, const float * x, const float * w);
int nearest_of_8_levels(const Grid::Near & near, const float * values, const float * x, const float * w);

} // namespace snug
