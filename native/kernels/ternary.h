#pragma once

#include "family.h"
#include "pieces.h"

#include <array>

// IQ1_M and IQ1_S as ternary planes. ggml stores eight weights as an index into a grid of {-1, 0, 1}⁸ and looks every one of them up for
// every token. Here they are looked up once, as the model is loaded: two bits a weight, rows side by side, so that a token is multiplied
// with 8 or 16 rows at once.

namespace snug::kernels {

constexpr int HALVES = RUN / GROUP; // whose columns are shifted alike
constexpr int TILE   = 16;          // rows side by side

// What 16 rows × 256 columns have beside their codes: weight = scale · factor · (code − 1 ± ⅛).
struct TernaryScales {
    uint16_t scale[TILE];                  // F16
    uint8_t  factors[PIECES][TILE];        // of a piece's first run in the low half, of its second in the high half
    uint16_t below[SIDES][HALVES][PIECES]; // the bit of a row is set where the group is shifted by −⅛
};
static_assert(sizeof(TernaryScales) == 224, "2.44 bits a weight with the codes");

// Codes of 16 rows × 256 columns: codes[run][row · UNIT + k] holds those of columns run · RUN + 4s + k of the row in bits 2s.
struct TernaryCodes {
    uint8_t runs[RUNS][TILE * UNIT];
};
static_assert(sizeof(TernaryCodes) == BLOCK * TILE / 4, "two bits a weight");

// A tile has the codes of all its blocks, then their scales.
struct TernaryTile {
    const TernaryCodes *  codes;
    const TernaryScales * scales;
    int64_t               blocks;

    TernaryTile(const void * data, int64_t blocks) :
        codes(static_cast<const TernaryCodes *>(data)), scales(reinterpret_cast<const TernaryScales *>(codes + blocks)), blocks(blocks) {}

    static constexpr size_t bytes(int64_t blocks) { return aligned(blocks * (sizeof(TernaryCodes) + sizeof(TernaryScales))); }
};

// Of each entry of ggml's grid eight codes in four bytes: of column k and k + 4 in the low bits of byte k.
using TernaryGrid = std::array<uint32_t, 2048>;
const TernaryGrid & ternary_grid();

// Lays ggml's blocks of a matrix out as tiles. `tiles` starts at ALIGNMENT.
void pack_ternary(ggml_type type, const void * blocks, const Shape & shape, void * tiles);

// One processor family's kernels. IQ1_S adds the shifts of all columns of a block up before they become floats, IQ1_M those of each lane.
struct TernaryKernel {
    const char * name;
    // as a family has them
    size_t (*prepared_bytes)(int64_t blocks, int64_t count, bool panels);
    void (*prepare)(const Tokens & tokens, void * to);
    void (*multiply)(const TernaryTile & tile, bool one_shift, const Tokens & tokens, const void * prepared, float * sums);
};

} // namespace snug::kernels
