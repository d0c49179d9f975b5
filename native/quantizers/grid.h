#pragma once

#include "ggml.h"

#include <cstdint>
#include <vector>

namespace snug {

// The vectors of levels that the codes of a type choose from, and for each other vector of levels those near it, as ggml has them
// (iq2xs_init_impl and iq3xs_init_impl of ggml-quants.c). A vector is written as a pattern: Σ level << (bits · dimension).
class Grid {
  public:
    // Vectors near one that is not on the grid, nearest first: patterns and indices of `groups` · WIDTH of them. The last group is filled up
    // with the first vector.
    struct Near {
        const uint16_t * patterns;
        const uint16_t * indices;
        int              groups;
    };
    static constexpr int WIDTH = 8;

    // The grid of IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS or IQ3_S; made at the first call.
    static const Grid & of(ggml_type type);

    // of a vector on the grid its index; of others below zero
    int32_t      find(uint32_t pattern) const { return places[pattern]; }
    uint16_t     pattern(int32_t index) const { return patterns[index]; }
    const Near & near(int32_t place) const { return lists[-1 - place]; }

  private:
    // `dimensions` signed bytes an entry; lists hold all vectors at the least `shells` distances
    Grid(const int8_t * entries, int count, int dimensions, int shells);

    void list_near(uint32_t pattern, int shells);

    int                               dimensions;
    int                               bits;
    int                               levels;
    std::vector<uint16_t>             patterns; // of the entries
    std::vector<std::vector<uint8_t>> planes;   // levels of the entries [dimensions × entries]
    std::vector<int32_t>              places;
    std::vector<Near>                 lists;
    std::vector<uint16_t>             near_patterns, near_indices;
    std::vector<int>                  distances;
};

} // namespace snug
