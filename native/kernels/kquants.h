#pragma once

#include "family.h"
#include "pieces.h"

// Q2_K and Q3_K. ggml has 256 columns of a row after one another, with factors that it spreads over its vectors for every row and token.
// Here rows lie side by side, four columns of each together, so that one load of a token's columns serves all of them, factors are where
// they are needed, and nothing is shuffled or added up across a vector. Codes stay as long as they are stored; a factor of Q3_K takes
// eight bits, not six: an eighth of a bit more a weight.
//
// What comes out is what ggml's code for AVX2 or for ARM gives, to the bit, for any number of tokens: whole numbers within a block, floats
// over the blocks, on x86 in the eight lanes of its vectors, of which lane l has the columns 32n + 4l to 32n + 4l + 3.

namespace snug::kernels {

// Where the codes of a piece's lanes are, in bytes of a row's four columns: bits of a first vector, and what is above them in a second.
struct CodePlace {
    int vector, shift, bits;
    int above, above_shift; // the same of a third bit; none where `above` is −1
};

// weight = scale · factor · code − least · minimum
struct Q2K {
    static constexpr ggml_type type      = GGML_TYPE_Q2_K;
    static constexpr int       vectors   = 2; // of a piece: one a side
    static constexpr int       middle    = 0; // what codes count too much
    static constexpr bool      has_least = true;

    static constexpr CodePlace place(int lane) { return { lane / UNIT, 2 * (lane % UNIT), 2, -1, 0 }; }
};

// weight = scale · factor · (code − 4). Two codes of three bits fill a byte but for two bits, which are those of a third: three vectors
// have eight lanes.
struct Q3K {
    static constexpr ggml_type type      = GGML_TYPE_Q3_K;
    static constexpr int       vectors   = 3;
    static constexpr int       middle    = 4;
    static constexpr bool      has_least = false;

    static constexpr CodePlace place(int lane) {
        return lane < 2 * vectors ? CodePlace{ lane / 2, 3 * (lane % 2), 3, -1, 0 }
               : lane == 6        ? CodePlace{ 0, 6, 2, 1, 7 }
                                  : CodePlace{ 2, 6, 2, 1, 6 };
    }
};

// Calls a function with the layout of one of these types.
template <class Function> auto with_kquant(ggml_type type, Function && function) {
    return type == GGML_TYPE_Q2_K ? function(Q2K{}) : function(Q3K{});
}

constexpr int QUADS = PIECES / UNIT;

// ROWS rows × 256 columns. Of the four bytes that a row has of a side's factors, byte j is that of piece j, in a second vector that of piece
// 4 + j. Q2_K has both in the halves of one byte, and in the second vector the minimums of four lanes: in the lower two bytes, half by
// half, those of a lane's first run, in the upper two those of its second.
template <class K, int ROWS> struct KBlock {
    uint8_t codes[PIECES][K::vectors][ROWS * UNIT];
    uint8_t factors[SIDES][QUADS][ROWS * UNIT];
};

// F16 of each row, least ones after the scales where there are any.
template <class K, int ROWS> struct KScales {
    uint16_t scale[K::has_least ? 2 : 1][ROWS];
};

// A tile has all its blocks, then their scales.
template <class K, int ROWS> struct KTile {
    const KBlock<K, ROWS> *  blocks;
    const KScales<K, ROWS> * scales;

    KTile(const void * data, int64_t count) :
        blocks(static_cast<const KBlock<K, ROWS> *>(data)), scales(reinterpret_cast<const KScales<K, ROWS> *>(blocks + count)) {}

    static constexpr size_t bytes(int64_t count) { return aligned(count * (sizeof(KBlock<K, ROWS>) + sizeof(KScales<K, ROWS>))); }
};

// Lays ggml's blocks of a matrix out as tiles of so many rows, 8 or 16. `tiles` starts at ALIGNMENT.
void pack_kquant(ggml_type type, int64_t tile_rows, const void * blocks, const Shape & shape, void * tiles);

// One processor family's kernels.
struct KQuantKernel {
    const char *           name;
    int64_t                tile_rows;
    std::vector<ggml_type> types;
    // as a family has them
    size_t (*tile_bytes)(ggml_type type, int64_t blocks);
    size_t (*prepared_bytes)(int64_t blocks, int64_t count);
    void (*prepare)(const Tokens & tokens, void * to);
    void (*multiply)(ggml_type type, const void * tile, const Tokens & tokens, const void * prepared, float * sums);
};

extern const KQuantKernel KQUANTS_AVX512;
extern const KQuantKernel KQUANTS_AVX_VNNI;
extern const KQuantKernel KQUANTS_AVX2;
extern const KQuantKernel KQUANTS_NEON;
// for where ggml has code for SVE, which adds Q2_K in an order of its own
extern const KQuantKernel KQUANTS_BESIDE_SVE;

// with the kernels of one processor family
const Family * kquant_family(const KQuantKernel & kernel);

} // namespace snug::kernels
