#pragma once

#include "codes.h"
#include "lattice.h"

// IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS and IQ3_S without their grids: a code for every weight. Those of IQ2 have three magnitudes, those of IQ3
// eight; with signs these are 6 values, which fit three bits, and 16, which fit four. A grid's entries are looked up once, as weights are
// loaded, and one shuffle of bytes looks the codes of four columns of all rows up.
//
// What comes out is what the layouts beside these give (lattice.h), to the bit.

namespace snug::kernels {

// A code is twice the number of a magnitude, from the least on, and one more where the weight is below zero. What it stands for is so much
// too much, for all types alike, that none is below zero: the greatest magnitude of all.
constexpr int LEVEL_MIDDLE = 62;

// what codes stand for, and 0 for those that there are none of
struct Levels {
    uint8_t values[16];

    template <int COUNT> constexpr explicit Levels(const int (&magnitudes)[COUNT]) : values() {
        for (int i = 0; i < COUNT; ++i) {
            values[2 * i]     = static_cast<uint8_t>(LEVEL_MIDDLE + magnitudes[i]);
            values[2 * i + 1] = static_cast<uint8_t>(LEVEL_MIDDLE - magnitudes[i]);
        }
    }
};

constexpr int IQ2_MAGNITUDES[]     = { 8, 25, 43 };
constexpr int IQ3_XXS_MAGNITUDES[] = { 4, 12, 20, 28, 36, 44, 52, 62 };
constexpr int IQ3_S_MAGNITUDES[]   = { 1, 3, 5, 7, 9, 11, 13, 15 };

inline constexpr Levels IQ2_LEVELS{ IQ2_MAGNITUDES }, IQ3_XXS_LEVELS{ IQ3_XXS_MAGNITUDES }, IQ3_S_LEVELS{ IQ3_S_MAGNITUDES };

template <class LATTICE, const Levels & LEVELS> struct LevelCodes {
    using Lattice = LATTICE;

    static constexpr ggml_type       type           = Lattice::type;
    static constexpr int             middle         = LEVEL_MIDDLE;
    static constexpr bool            looks_up       = true;
    static constexpr const uint8_t * values         = LEVELS.values;
    static constexpr FactorBits      factors        = FactorBits::four_of_odd;
    static constexpr int             factor_columns = Lattice::factor_columns;
    static constexpr bool            has_least      = false;
};

template <class Lattice> struct LevelsIq2 : LevelCodes<Lattice, IQ2_LEVELS> {
    static constexpr int vectors = EIGHT_OF_THREE_BITS;

    static constexpr CodePlace place(int lane) { return place_of_three_bits(lane); }
};

template <class Lattice, const Levels & LEVELS> struct LevelsIq3 : LevelCodes<Lattice, LEVELS> {
    static constexpr int vectors = LANES / 2;

    static constexpr CodePlace place(int lane) { return { lane / 2, lane % 2 * 4, 4, -1, 0 }; }
};

using LevelsIq2Xxs = LevelsIq2<LatticeIq2Xxs>;
using LevelsIq2Xs  = LevelsIq2<LatticeIq2Xs>;
using LevelsIq2S   = LevelsIq2<LatticeIq2S>;
using LevelsIq3Xxs = LevelsIq3<LatticeIq3Xxs, IQ3_XXS_LEVELS>;
using LevelsIq3S   = LevelsIq3<LatticeIq3S, IQ3_S_LEVELS>;

// Calls a function with the layout of one of these types.
template <class Function> auto with_levels(ggml_type type, Function && function) {
    switch (type) {
        case GGML_TYPE_IQ2_XXS: return function(LevelsIq2Xxs{});
        case GGML_TYPE_IQ2_XS:  return function(LevelsIq2Xs{});
        case GGML_TYPE_IQ2_S:   return function(LevelsIq2S{});
        case GGML_TYPE_IQ3_XXS: return function(LevelsIq3Xxs{});
        default:                return function(LevelsIq3S{});
    }
}

// Lays ggml's blocks of a matrix out as tiles of so many rows, 8 or 16. `tiles` starts at ALIGNMENT.
void pack_levels(ggml_type type, int64_t tile_rows, const void * blocks, const Shape & shape, void * tiles);

// One processor family's kernels.
struct LevelsKernel {
    const char * name;
    int64_t      tile_rows;
    // as a family has them
    size_t (*tile_bytes)(ggml_type type, int64_t blocks);
    size_t (*prepared_bytes)(int64_t blocks, int64_t count, bool panels);
    void (*prepare)(const Tokens & tokens, void * to);
    void (*multiply)(ggml_type type, const void * tile, const Tokens & tokens, const void * prepared, float * sums);
};

extern const LevelsKernel LEVELS_AVX512;
extern const LevelsKernel LEVELS_AVX_VNNI;
extern const LevelsKernel LEVELS_AVX2;

// with the kernels of one processor family
const Family * levels_family(const LevelsKernel & kernel);

} // namespace snug::kernels
