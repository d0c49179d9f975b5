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

// 16 rows × 256 columns: weight = scale · factor · (code − 1 ± ⅛). Four bytes of each row stand together, as a vector of rows takes them.
struct TernaryBlock {
    uint8_t codes[RUNS][TILE * UNIT]; // byte k has column run · RUN + 4s + k in bits 2s
    uint8_t factors[QUADS]
                   [TILE * UNIT]; // byte k is of piece 4 · quad + k: of its first run in the low half, of its second in the high half
    uint8_t below[TILE * UNIT];   // byte k is of pieces k and 4 + k: bit below_bit is set where a group is shifted by −⅛
};
static_assert(sizeof(TernaryBlock) == 19 * ALIGNMENT, "2.44 bits a weight with the scales");

constexpr int below_bit(int side, int half, int quad) { return (quad * SIDES + side) * HALVES + half; }

// A tile has the scales of all its blocks, then the blocks: what is asked for ahead of use is the next tile's from its start on.
struct TernaryTile {
    const uint16_t (*scales)[TILE]; // F16
    const TernaryBlock * blocks;
    int64_t              count;

    TernaryTile(const void * data, int64_t count) :
        scales(static_cast<const uint16_t (*)[TILE]>(data)),
        blocks(reinterpret_cast<const TernaryBlock *>(static_cast<const char *>(data) + scales_bytes(count))), count(count) {}

    static constexpr size_t scales_bytes(int64_t count) { return aligned(count * TILE * sizeof(uint16_t)); }
    static constexpr size_t bytes(int64_t count) { return scales_bytes(count) + count * sizeof(TernaryBlock); }
};

// The same to be written.
struct TernaryTileMade {
    uint16_t (*scales)[TILE];
    TernaryBlock * blocks;

    TernaryTileMade(void * data, int64_t count) :
        scales(static_cast<uint16_t (*)[TILE]>(data)),
        blocks(reinterpret_cast<TernaryBlock *>(static_cast<char *>(data) + TernaryTile::scales_bytes(count))) {}
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
