#pragma once

#include "family.h"
#include "lattice_blocks.h"
#include "panel_tokens.h"

#include <cstring>
#include <type_traits>

// IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS and IQ3_S. ggml stores eight (IQ2) or four (IQ3) magnitudes as an index into a grid, a sign for each
// weight and a factor for 16 or 32. They are kept so here as well, but sorted: indices as bytes with the bits above beside them, all eight
// signs of eight weights, four rows side by side, so that they share what is loaded of a token and nothing is looked up but magnitudes.
// What comes out is what ggml's code for AVX2 or for ARM gives, to the bit: the same whole numbers, and floats added in its order, which
// with AVX2 is another for many tokens (ggml-cpu/iqp.cpp) than for few.

namespace snug::kernels {

constexpr int LATTICE_ROWS       = 4;  // that lie side by side
constexpr int LATTICE_PANEL_ROWS = 8;  // two times as many, which some kernels take at once
constexpr int LANE_RUN           = 32; // columns that go through a vector's lanes at once
constexpr int LANE_RUNS          = BLOCK / LANE_RUN;

// How a type's blocks are kept: those of the rows of a tile one after the other, each with its indices, the bits of them above eight,
// signs (byte j has those of column j of each run, the first run's uppermost; a set bit is a weight below zero) and factors; then the
// rows' scales (F16).
template <ggml_type TYPE, int INDEX_BITS, int ENTRY_COLUMNS, int FACTOR_COLUMNS> struct Lattice {
    static constexpr ggml_type type           = TYPE;
    static constexpr int       index_bits     = INDEX_BITS;
    static constexpr int       entry_columns  = ENTRY_COLUMNS;
    static constexpr int       factor_columns = FACTOR_COLUMNS;
    static constexpr int       indices        = BLOCK / ENTRY_COLUMNS;
    static constexpr int       high_at        = indices;
    static constexpr int       signs_at       = high_at + indices * (INDEX_BITS - 8) / 8;
    static constexpr int       factors_at     = signs_at + BLOCK / 8;
    static constexpr int       row_bytes      = factors_at + BLOCK / FACTOR_COLUMNS / 2;
    static constexpr int       scales_at      = LATTICE_ROWS * row_bytes;
    static constexpr int       block_bytes    = scales_at + LATTICE_ROWS * static_cast<int>(sizeof(uint16_t));
};

using LatticeIq2Xxs = Lattice<GGML_TYPE_IQ2_XXS, 8, 8, 32>;
using LatticeIq2Xs  = Lattice<GGML_TYPE_IQ2_XS, 9, 8, 16>;
using LatticeIq2S   = Lattice<GGML_TYPE_IQ2_S, 10, 8, 16>;
using LatticeIq3Xxs = Lattice<GGML_TYPE_IQ3_XXS, 8, 4, 32>;
using LatticeIq3S   = Lattice<GGML_TYPE_IQ3_S, 9, 4, 32>;

// a number that may stand anywhere
template <class Type> inline Type read_as(const void * from) {
    Type value;
    std::memcpy(&value, from, sizeof(value));
    return value;
}

// Calls a function with the lattice of one of these types.
template <class Function> auto with_lattice(ggml_type type, Function && function) {
    switch (type) {
        case GGML_TYPE_IQ2_XXS: return function(LatticeIq2Xxs{});
        case GGML_TYPE_IQ2_XS:  return function(LatticeIq2Xs{});
        case GGML_TYPE_IQ2_S:   return function(LatticeIq2S{});
        case GGML_TYPE_IQ3_XXS: return function(LatticeIq3Xxs{});
        default:                return function(LatticeIq3S{});
    }
}

// What ggml multiplies a row's product with at its end.
constexpr float lattice_unit(ggml_type type) { return type == GGML_TYPE_IQ3_S ? 1 : type == GGML_TYPE_IQ3_XXS ? 0.25f : 0.125f; }

// Lays ggml's blocks of a matrix out as tiles.
void pack_lattice(ggml_type type, const void * blocks, const Shape & shape, void * tiles);

// One processor family's kernels.
struct LatticeKernel {
    const char * name;
    // one token, or some, times the rows of a tile: sums[count × LATTICE_ROWS]
    void (*decode)(ggml_type type, const uint8_t * tile, const Tokens & token, float * sums);
    void (*batch)(ggml_type type, const uint8_t * tile, const Tokens & tokens, float * sums);
    // Tokens in panels, block by block, times LATTICE_PANEL_ROWS rows, those after the first four `next` bytes further on:
    // sums[count × LATTICE_PANEL_ROWS]. Null where `batch` takes them.
    void (*panels)(ggml_type type, const uint8_t * tile, size_t next, int64_t blocks, const PanelToken * tokens, int64_t count,
                   float * sums);
};

extern const LatticeKernel LATTICE_AVX512;
extern const LatticeKernel LATTICE_AVX_VNNI;
extern const LatticeKernel LATTICE_AVX2;
extern const LatticeKernel LATTICE_NEON;

// with the kernels of one processor family
const Family * lattice_family(const LatticeKernel & kernel);

} // namespace snug::kernels
