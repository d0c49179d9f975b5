#pragma once

#include "family.h"

// IQ1_M and IQ1_S as ternary planes. ggml stores eight weights as an index into a grid of {-1, 0, 1}⁸ and looks every one of them up for
// every token. Here they are looked up once, as the model is loaded: two bits a weight, rows side by side, so that a token is multiplied
// with 16 rows at once. The whole numbers that come out are ggml's own; only its order of adding floats differs.

namespace snug::kernels {

constexpr int RUN   = 16; // columns that share a factor; those of a group are shifted alike
constexpr int RUNS  = BLOCK / RUN;
constexpr int TILE  = 16; // rows side by side
constexpr int UNIT  = 4;  // columns of a row that stand together, as the instructions take them
constexpr int UNITS = BLOCK / UNIT;

// What 16 rows × 256 columns have beside their codes: weight = scale · factor · (code − 1 ± ⅛).
struct TernaryScales {
    uint16_t scale[TILE];             // F16
    uint8_t  factors[RUNS / 2][TILE]; // of a run with an even number in the low half, of the next in the high half
    uint16_t above[GROUPS];           // the bit of a row is set where the group is shifted by +⅛
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

// Weights count in eighths, and so does what a token's block is multiplied with.
constexpr float EIGHTH = 0.125f;

// Lays ggml's blocks of a matrix out as tiles. `tiles` starts at ALIGNMENT.
void pack_ternary(ggml_type type, const void * blocks, const Shape & shape, void * tiles);

// What a group of a single token adds to every row, and what it adds beside where it is shifted up.
struct alignas(64) TokenShifts {
    int32_t base[RUNS];   // −9 · sum of the run
    int32_t more[GROUPS]; // 2 · sum of the group
    int16_t base_of_group[GROUPS];
    int16_t more_of_group[GROUPS];
};

void shifts_of(const TokenBlock * token, int64_t blocks, TokenShifts * shifts);

// One processor family's kernels. What they compute is the same to the bit.
struct TernaryKernel {
    const char * name;
    // one token times the rows of a tile: sums[TILE]
    void (*decode)(const TernaryTile & tile, const TokenBlock * token, const TokenShifts * shifts, float * sums);
    // `count` tokens, `tile.blocks` apart, times the rows of a tile: sums[count × TILE]
    void (*batch)(const TernaryTile & tile, const TokenBlock * tokens, int64_t count, float * sums);
};

// with the kernels of one processor family
const Family * ternary_family(const TernaryKernel & kernel);

} // namespace snug::kernels
