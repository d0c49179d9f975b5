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

template <class Block>
void pack_block(const Block & block, const TernaryGrid & grid, int row, TernaryCodes & codes, TernaryScales & scales) {
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
    const auto & grid   = ternary_grid();
    const auto * source = static_cast<const Block *>(blocks);
    const size_t bytes  = TernaryTile::bytes(shape.blocks);
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
