#include "ternary.h"

#define GGML_COMMON_DECL_CPP
#define GGML_COMMON_IMPL_CPP
#include "ggml-common.h"

#include "iq1_pieces.h"

#include <cstring>

namespace snug::kernels {

namespace {

TernaryGrid make_grid() {
    TernaryGrid grid{};
    for (size_t i = 0; i < grid.size(); ++i) {
        for (int k = 0; k < UNIT; ++k) {
            const auto low  = static_cast<int8_t>(iq1s_grid[i] >> (8 * k)) + 1;
            const auto high = static_cast<int8_t>(iq1s_grid[i] >> (8 * (k + UNIT))) + 1;
            grid[i] |= static_cast<uint32_t>(low | (high << 2)) << (8 * k);
        }
    }
    return grid;
}

template <class Block> void pack_block(const Block & block, const TernaryGrid & grid, int row, TernaryBlock & to) {
    for (int number = 0; number < PIECES; ++number) {
        const Piece piece = piece_of(block, number);
        const int   quad = number / UNIT, place = row * UNIT + number % UNIT;
        for (int side = 0; side < SIDES; ++side) {
            const uint32_t four = grid[piece.index[2 * side]] | grid[piece.index[2 * side + 1]] << 4;
            for (int k = 0; k < UNIT; ++k) {
                to.codes[SIDES * number + side][row * UNIT + k] = static_cast<uint8_t>(four >> (8 * k));
            }
            for (int half = 0; half < HALVES; ++half) {
                to.below[place] |= static_cast<uint8_t>(piece.below[side * HALVES + half] << below_bit(side, half, quad));
            }
        }
        to.factors[quad][place] = static_cast<uint8_t>(piece.factor[0] | piece.factor[1] << 4);
    }
}

template <class Block> void pack(const void * blocks, const Shape & shape, void * tiles) {
    const auto & grid   = ternary_grid();
    const auto * source = static_cast<const Block *>(blocks);
    const size_t bytes  = TernaryTile::bytes(shape.blocks);
    std::memset(tiles, 0, (shape.rows + TILE - 1) / TILE * bytes);
    for (int64_t number = 0; number < shape.rows; ++number) {
        const TernaryTileMade tile(static_cast<char *>(tiles) + number / TILE * bytes, shape.blocks);
        const int             row = static_cast<int>(number % TILE);
        for (int64_t block = 0; block < shape.blocks; ++block, ++source) {
            tile.scales[block][row] = scale_of(*source);
            pack_block(*source, grid, row, tile.blocks[block]);
        }
    }
}

} // namespace

const TernaryGrid & ternary_grid() {
    static const TernaryGrid grid = make_grid();
    return grid;
}

void pack_ternary(ggml_type type, const void * blocks, const Shape & shape, void * tiles) {
    if (type == GGML_TYPE_IQ1_M) {
        pack<block_iq1_m>(blocks, shape, tiles);
    } else {
        pack<block_iq1_s>(blocks, shape, tiles);
    }
}

} // namespace snug::kernels
