#pragma once

#include "ggml.h"

#include <cstddef>
#include <cstdint>

// IQ1_M and IQ1_S as ternary planes. ggml stores eight weights as an index into a grid of {-1, 0, 1}⁸ and looks every one of them up for
// every token. Here they are looked up once, as the model is loaded: two bits a weight, rows side by side, so that a token is multiplied
// with 16 rows at once. The whole numbers that come out are ggml's own; only its order of adding floats differs.

namespace snug::kernels {

constexpr int BLOCK  = 256; // columns that share a scale, as in ggml
constexpr int RUN    = 16;  // columns that share a factor
constexpr int RUNS   = BLOCK / RUN;
constexpr int GROUP  = 8; // columns that are shifted alike
constexpr int GROUPS = BLOCK / GROUP;
constexpr int TILE   = 16; // rows side by side
constexpr int UNIT   = 4;  // columns of a row that stand together, as the instructions take them
constexpr int UNITS  = BLOCK / UNIT;

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

// One matrix: tiles of 16 rows, the last filled up with zeros. A tile has the codes of all its blocks, then their scales.
struct TernaryShape {
    int64_t blocks; // of a row
    int64_t rows;

    int64_t tiles() const { return (rows + TILE - 1) / TILE; }
    size_t  tile_bytes() const {
        const size_t bytes = blocks * (sizeof(TernaryCodes) + sizeof(TernaryScales));
        return (bytes + 63) / 64 * 64;
    }
    size_t bytes() const { return tiles() * tile_bytes(); }
};

struct TernaryTile {
    const TernaryCodes *  codes;
    const TernaryScales * scales;
    int64_t               blocks;

    TernaryTile(const void * data, const TernaryShape & shape, int64_t tile) :
        codes(reinterpret_cast<const TernaryCodes *>(static_cast<const char *>(data) + tile * shape.tile_bytes())),
        scales(reinterpret_cast<const TernaryScales *>(codes + shape.blocks)), blocks(shape.blocks) {}
};

// whether rows of this type and length are kept so
bool is_ternary(ggml_type type, int64_t columns);

// Lays ggml's blocks of a matrix out as tiles. `data` starts at 64 bytes and holds shape.bytes().
void pack_ternary(ggml_type type, const void * blocks, const TernaryShape & shape, void * data);

// A block of a token as ggml quantizes it for these types (Q8_K), with the sums of its groups.
struct alignas(64) TokenBlock {
    int8_t  values[BLOCK];
    int16_t sums[GROUPS];
    float   scale; // an eighth of Q8_K's: weights count in eighths
};

// What a group of a single token adds to every row, and what it adds beside where it is shifted up.
struct alignas(64) TokenShifts {
    int32_t base[RUNS];   // −9 · sum of the run
    int32_t more[GROUPS]; // 2 · sum of the group
    int16_t base_of_group[GROUPS];
    int16_t more_of_group[GROUPS];
};

void quantize_token(const float * values, int64_t blocks, TokenBlock * token);
void shifts_of(const TokenBlock * token, int64_t blocks, TokenShifts * shifts);

// One processor family's kernels. What they compute is the same to the bit.
struct TernaryKernel {
    const char * name;
    // one token times the rows of a tile: sums[TILE]
    void (*decode)(const TernaryTile & tile, const TokenBlock * token, const TokenShifts * shifts, float * sums);
    // `count` tokens, `tile.blocks` apart, times the rows of a tile: sums[count × TILE]
    void (*batch)(const TernaryTile & tile, const TokenBlock * tokens, int64_t count, float * sums);
};

// The one for this processor, going by the features of the CPU backend that was loaded; null where there is none.
const TernaryKernel * ternary_kernel();

} // namespace snug::kernels
