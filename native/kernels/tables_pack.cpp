#include "tables.h"

#define GGML_COMMON_DECL_CPP
#define GGML_COMMON_IMPL_CPP
#include "ggml-common.h"

#include "iq1_pieces.h"

#include <cstring>

namespace snug::kernels {

namespace {

static_assert(PIECE_GROUPS == COURSES);

// where a matrix is written to
struct To {
    TableIndices * indices;
    TableFactors * factors;
    uint16_t *     scales;

    To(void * data, const TableMatrix & matrix) :
        indices(static_cast<TableIndices *>(data)),
        factors(reinterpret_cast<TableFactors *>(indices + matrix.blocks * COURSES * PASSES * matrix.tiles)),
        scales(reinterpret_cast<uint16_t *>(factors + matrix.blocks * SIDES * matrix.tiles)) {}
};

void pack_index(uint16_t index, bool below, int place, TableIndices & to) {
    const int nibble = index >> 8 | (below ? 8 : 0);
    to.low[place]    = static_cast<uint8_t>(index);
    to.high[place % 32] |= static_cast<uint8_t>(nibble << (place / 32 * 4));
}

template <class Block> void pack_block(const Block & block, int64_t number, int64_t tile, int row, int64_t tiles, To & to) {
    for (int piece = 0; piece < PIECES; ++piece) {
        const Piece of_row = piece_of(block, piece);
        const int   pass = piece / LOOKED, looked = piece % LOOKED;
        for (int course = 0; course < COURSES; ++course) {
            auto & indices = to.indices[((number * COURSES + course) * PASSES + pass) * tiles + tile];
            pack_index(of_row.index[course], of_row.below[course], place_of(row, looked), indices);
        }
        for (int side = 0; side < SIDES; ++side) {
            auto & factors = to.factors[(number * SIDES + side) * tiles + tile];
            factors.pieces[row][looked] |= static_cast<uint8_t>(of_row.factor[side] << (4 * pass));
        }
    }
    to.scales[(number * tiles + tile) * TILE + row] = scale_of(block);
}

template <class Block> void pack(const void * blocks, const Shape & shape, void * data) {
    const TableMatrix matrix(data, shape);
    To                to(data, matrix);
    const auto *      source = static_cast<const Block *>(blocks);
    std::memset(data, 0, matrix.bytes());
    for (int64_t row = 0; row < shape.rows; ++row) {
        for (int64_t block = 0; block < shape.blocks; ++block) {
            pack_block(*source++, block, row / TILE, static_cast<int>(row % TILE), matrix.tiles, to);
        }
    }
}

TableGrid make_grid() {
    TableGrid grid{};
    for (int entry = 0; entry < ENTRIES; ++entry) {
        for (int column = 0; column < GROUP; ++column) {
            const int code = static_cast<int8_t>(iq1s_grid[entry] >> (8 * column)) + 1;
            grid.pairs[entry / 32][column / 2][word_of(entry % 32) * 2 + column % 2] = static_cast<uint8_t>(code);
        }
    }
    return grid;
}

} // namespace

void pack_tables(ggml_type type, const void * blocks, const Shape & shape, void * data) {
    if (type == GGML_TYPE_IQ1_M) {
        pack<block_iq1_m>(blocks, shape, data);
    } else {
        pack<block_iq1_s>(blocks, shape, data);
    }
}

const TableGrid & table_grid() {
    static const TableGrid grid = make_grid();
    return grid;
}

} // namespace snug::kernels
