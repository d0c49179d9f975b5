#pragma once

#include "codes.h"

#include <cstring>
#include <iterator>

// How rows of codes are laid out side by side, for files that know ggml's blocks.

namespace snug::kernels {

// One block of a row, whatever its type: factors and minimums as they are kept.
struct RowOfCodes {
    uint8_t  codes[BLOCK];
    uint8_t  factors[RUNS];
    uint8_t  minimums[RUNS];
    uint16_t scales[2];
};

constexpr uint32_t in_bytes(uint32_t bits) { return bits * 0x01010101; }

// Four columns at a time, which no shift brings out of their bytes.
template <class C> void write_piece(const uint8_t * codes, uint8_t * const * to) {
    uint32_t vectors[C::vectors] = {};
    for (int lane = 0; lane < LANES; ++lane) {
        const CodePlace place = C::place(lane);
        uint32_t        four;
        std::memcpy(&four, codes + lane * UNIT, sizeof(four));
        vectors[place.vector] |= (four & in_bytes((1 << place.bits) - 1)) << place.shift;
        if (place.above >= 0) {
            vectors[place.above] |= (four >> place.bits & in_bytes(1)) << place.above_shift;
        }
    }
    for (int vector = 0; vector < C::vectors; ++vector) {
        std::memcpy(to[vector], vectors + vector, sizeof(*vectors));
    }
}

template <class C, int ROWS> void write_factor(const RowOfCodes & from, int run, int row, CodeBlock<C, ROWS> & to) {
    constexpr int HALF_BYTE = 4;
    const int     piece = run / SIDES, side = run % SIDES, quad = piece / UNIT, of_quad = piece % UNIT;
    if (side >= factor_sides<C>()) {
        return;
    }
    if constexpr (C::factors == FactorBits::eight) {
        to.factors[side][quad][row * UNIT + of_quad] = from.factors[run];
    } else {
        to.factors[side][0][row * UNIT + of_quad] |= static_cast<uint8_t>(from.factors[run] << (quad * HALF_BYTE));
    }
    if constexpr (C::has_least) {
        to.factors[quad][1][row * UNIT + 2 * side + of_quad / 2] |= static_cast<uint8_t>(from.minimums[run] << (of_quad % 2 * HALF_BYTE));
    }
}

template <class C, int ROWS> void write_row(const RowOfCodes & from, int row, CodeBlock<C, ROWS> & to) {
    for (int piece = 0; piece < PIECES; ++piece) {
        uint8_t * vectors[C::vectors];
        for (int vector = 0; vector < C::vectors; ++vector) {
            vectors[vector] = to.codes[piece][vector] + row * UNIT;
        }
        write_piece<C>(from.codes + piece * PIECE, vectors);
    }
    for (int run = 0; run < RUNS; ++run) {
        write_factor<C, ROWS>(from, run, row, to);
    }
}

// Lays a matrix out as tiles of ROWS rows, which start at ALIGNMENT. `read` makes one of ggml's blocks a row's.
template <class C, int ROWS, class Read> void pack_codes(const void * blocks, const Shape & shape, void * tiles, Read read) {
    const auto * source = static_cast<const char *>(blocks);
    const size_t bytes  = CodeTile<C, ROWS>::bytes(shape.blocks);
    std::memset(tiles, 0, (shape.rows + ROWS - 1) / ROWS * bytes);
    for (int64_t row = 0; row < shape.rows; ++row) {
        const int in_tile = static_cast<int>(row % ROWS);
        auto *    to      = reinterpret_cast<CodeBlock<C, ROWS> *>(static_cast<char *>(tiles) + row / ROWS * bytes);
        auto *    scales  = reinterpret_cast<CodeScales<C, ROWS> *>(to + shape.blocks);
        for (int64_t number = 0; number < shape.blocks; ++number, source += ggml_type_size(C::type)) {
            RowOfCodes block{};
            read(source, block);
            write_row<C, ROWS>(block, in_tile, to[number]);
            for (size_t i = 0; i < std::size(scales[number].scale); ++i) {
                scales[number].scale[i][in_tile] = block.scales[i];
            }
        }
    }
}

} // namespace snug::kernels
