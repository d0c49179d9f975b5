#include "ternary.h"

#define GGML_COMMON_DECL_CPP
#define GGML_COMMON_IMPL_CPP
#include "ggml-common.h"

#include <array>
#include <cstring>

namespace snug::kernels {

namespace {

// Eight codes of a grid's entry in four bytes: of column k and k + 4 in the low bits of byte k.
using Grid = std::array<uint32_t, 2048>;

Grid make_grid() {
    Grid grid{};
    for (size_t i = 0; i < grid.size(); ++i) {
        for (int k = 0; k < UNIT; ++k) {
            const auto low  = static_cast<int8_t>(iq1s_grid[i] >> (8 * k)) + 1;
            const auto high = static_cast<int8_t>(iq1s_grid[i] >> (8 * (k + UNIT))) + 1;
            grid[i] |= static_cast<uint32_t>(low | (high << 2)) << (8 * k);
        }
    }
    return grid;
}

// 32 columns of a row
struct Piece {
    uint16_t index[4];
    bool     below[4];
    uint8_t  factor[2];
};

Piece piece_of(const block_iq1_m & block, int number) {
    const uint8_t * low  = block.qs + 4 * number;
    const uint8_t * high = block.qh + 2 * number;
    uint16_t        scales;
    std::memcpy(&scales, block.scales + number / 2 * sizeof(scales), sizeof(scales));
    Piece piece{};
    for (int group = 0; group < 4; ++group) {
        const int nibble   = high[group / 2] >> (4 * (group % 2)) & 15;
        piece.index[group] = low[group] | (nibble & 7) << 8;
        piece.below[group] = (nibble & 8) != 0;
    }
    for (int run = 0; run < 2; ++run) {
        piece.factor[run] = 2 * (scales >> (6 * (number % 2) + 3 * run) & 7) + 1;
    }
    return piece;
}

Piece piece_of(const block_iq1_s & block, int number) {
    const uint8_t * low  = block.qs + 4 * number;
    const uint16_t  high = block.qh[number];
    Piece           piece{};
    for (int group = 0; group < 4; ++group) {
        piece.index[group] = low[group] | (high >> (3 * group) & 7) << 8;
        piece.below[group] = (high & 0x8000) != 0;
    }
    piece.factor[0] = piece.factor[1] = 2 * (high >> 12 & 7) + 1;
    return piece;
}

uint16_t scale_of(const block_iq1_m & block) {
    uint16_t scales[4];
    std::memcpy(scales, block.scales, sizeof(scales));
    return (scales[0] >> 12) | (scales[1] >> 8 & 0x00f0) | (scales[2] >> 4 & 0x0f00) | (scales[3] & 0xf000);
}

uint16_t scale_of(const block_iq1_s & block) { return block.d; }

template <class Block> void pack_block(const Block & block, const Grid & grid, int row, TernaryCodes & codes, TernaryScales & scales) {
    scales.scale[row] = scale_of(block);
    for (int number = 0; number < PIECES; ++number) {
        const Piece piece = piece_of(block, number);
        for (int half = 0; half < 2; ++half) {
            const uint32_t four = grid[piece.index[2 * half]] | grid[piece.index[2 * half + 1]] << 4;
            for (int k = 0; k < UNIT; ++k) {
                codes.runs[2 * number + half][row * UNIT + k] = static_cast<uint8_t>(four >> (8 * k));
            }
        }
        scales.factors[number][row] = piece.factor[0] | piece.factor[1] << 4;
        for (int group = 0; group < 4; ++group) {
            scales.below[group / HALVES][group % HALVES][number] |= static_cast<uint16_t>(piece.below[group] << row);
        }
    }
}

template <class Block> void pack(const void * blocks, const Shape & shape, void * tiles) {
    static const Grid grid   = make_grid();
    const auto *      source = static_cast<const Block *>(blocks);
    const size_t      bytes  = TernaryTile::bytes(shape.blocks);
    std::memset(tiles, 0, (shape.rows + TILE - 1) / TILE * bytes);
    for (int64_t row = 0; row < shape.rows; ++row) {
        auto * codes  = reinterpret_cast<TernaryCodes *>(static_cast<char *>(tiles) + row / TILE * bytes);
        auto * scales = reinterpret_cast<TernaryScales *>(codes + shape.blocks);
        for (int64_t block = 0; block < shape.blocks; ++block) {
            pack_block(*source++, grid, static_cast<int>(row % TILE), codes[block], scales[block]);
        }
    }
}

} // namespace

void pack_ternary(ggml_type type, const void * blocks, const Shape & shape, void * tiles) {
    if (type == GGML_TYPE_IQ1_M) {
        pack<block_iq1_m>(blocks, shape, tiles);
    } else {
        pack<block_iq1_s>(blocks, shape, tiles);
    }
}

} // namespace snug::kernels
