#pragma once

// What IQ1_S and IQ1_M share as ggml makes them (ggml-quants.c): the values of a run are sorted, split in three, which become −1, 0 and 1
// moved up or down by DELTA, and each eight of them is put on the grid.
#include "grid_search.h"
#include "lanes.h"

namespace snug {

constexpr int   EIGHT = 8;
constexpr float DELTA = 0.125f;

constexpr float UP[4]   = { -1 + DELTA, DELTA, 1 + DELTA, 0 };
constexpr float DOWN[4] = { -1 - DELTA, -DELTA, 1 - DELTA, 0 };

// The place of each value in the order of its lane: of equal ones the first comes first, as in the merge sort of glibc.
template <int WIDTH, int COUNT> SNUG_INLINE void find_places(const Floats<WIDTH> * x, Ints<WIDTH> * places) {
    for (int i = 0; i < COUNT; ++i) {
        places[i] = Ints<WIDTH>{};
    }
    for (int i = 1; i < COUNT; ++i) {
        for (int before = 0; before < i; ++before) {
            const Ints<WIDTH> stays = x[before] <= x[i];
            places[i] -= stays;
            places[before] += stays + 1;
        }
    }
}

template <int WIDTH> SNUG_INLINE Floats<WIDTH> utmost_of(const Floats<WIDTH> * x, int count) {
    Floats<WIDTH> utmost = {};
    for (int i = 0; i < count; ++i) {
        const Floats<WIDTH> distance = magnitude<WIDTH>(x[i]);
        utmost                       = distance > utmost ? distance : utmost;
    }
    return utmost;
}

// A pattern with each level l as 2 − l.
inline uint32_t mirrored(uint32_t levels, int count) { return (0xaaaaaaaau >> (32 - 2 * count)) - levels; }

struct OnGrid {
    int32_t index;
    bool    as_it_was;
};

// Eight levels, or the vector of the grid that is nearest under a scale with one of the values above.
inline OnGrid put_on_grid(const Grid & grid, uint32_t pattern, float scale, const float * values, const float * x, const float * weights) {
    const int32_t place = grid.find(pattern);
    if (place >= 0) {
        return { place, true };
    }
    const float  scaled[3] = { scale * values[0], scale * values[1], scale * values[2] };
    const auto & near      = grid.near(place);
    return { near.indices[nearest_of_3_levels(near, scaled, x, weights)], false };
}
} // namespace snug
