#pragma once

#include "family.h"
#include "pieces.h"

// Weights as codes of a few bits, rows side by side: four columns of each together, so that one load of a token's columns serves all of
// them, factors are where they are needed, and nothing is shuffled or added up across a vector.
//
// A layout says
//   vectors         of a piece's codes
//   place(lane)     where the codes of a lane are
//   middle          what codes count too much
//   looks_up        whether codes stand for other `values`, `middle` too much
//   factors         how they are kept
//   factor_columns  that share one
//   has_least       whether something is taken off all weights of a run: weight = scale · factor · code − least · minimum

namespace snug::kernels {

// Where the codes of a piece's lanes are, in bytes of a row's four columns: bits of a first vector, and what is above them in a second.
struct CodePlace {
    int vector, shift, bits;
    int above, above_shift; // the same of a third bit; none where `above` is −1
};

// Two codes of three bits fill a byte but for two bits, which are those of a third: three vectors have eight lanes.
constexpr int EIGHT_OF_THREE_BITS = 3;

constexpr CodePlace place_of_three_bits(int lane) {
    return lane < 2 * EIGHT_OF_THREE_BITS ? CodePlace{ lane / 2, 3 * (lane % 2), 3, -1, 0 }
           : lane == 6                    ? CodePlace{ 0, 6, 2, 1, 7 }
                                          : CodePlace{ 2, 6, 2, 1, 6 };
}

// How factors are kept. Of the four bytes that a row has of a side's, byte j is that of piece j, in a second vector that of piece 4 + j;
// where they take four bits, both are in the halves of one byte.
enum class FactorBits {
    four,
    four_of_odd, // 2 · the bits + 1
    eight,       // with a sign
};

// sides that have factors of their own, and vectors that a side has of them: a second has minimums where there are any
template <class C> constexpr int factor_sides() { return PIECE / C::factor_columns; }
template <class C> constexpr int factor_vectors() { return C::factors == FactorBits::eight || C::has_least ? 2 : 1; }

// ROWS rows × 256 columns. Of minimums there are four bits each: in the lower two bytes, half by half, those of a lane's first run, in the
// upper two those of its second.
template <class C, int ROWS> struct CodeBlock {
    uint8_t codes[PIECES][C::vectors][ROWS * UNIT];
    uint8_t factors[factor_sides<C>()][factor_vectors<C>()][ROWS * UNIT];
};

// F16 of each row, least ones after the scales where there are any.
template <class C, int ROWS> struct CodeScales {
    uint16_t scale[C::has_least ? 2 : 1][ROWS];
};

// A tile has all its blocks, then their scales.
template <class C, int ROWS> struct CodeTile {
    const CodeBlock<C, ROWS> *  blocks;
    const CodeScales<C, ROWS> * scales;

    CodeTile(const void * data, int64_t count) :
        blocks(static_cast<const CodeBlock<C, ROWS> *>(data)), scales(reinterpret_cast<const CodeScales<C, ROWS> *>(blocks + count)) {}

    static constexpr size_t bytes(int64_t count) { return aligned(count * (sizeof(CodeBlock<C, ROWS>) + sizeof(CodeScales<C, ROWS>))); }
};

} // namespace snug::kernels
