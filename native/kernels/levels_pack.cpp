#include "codes_pack.h"
#include "levels.h"

#include <array>

namespace snug::kernels {

namespace {

constexpr int SIXTEEN = 16;

// A grid's entries as codes: of weights that are above zero.
template <class C> using CodeGrid = std::array<std::array<uint8_t, C::Lattice::entry_columns>, 1 << C::Lattice::index_bits>;

template <class C> uint8_t code_of(uint8_t magnitude) {
    uint8_t code = 0;
    while (C::values[code] != C::middle + magnitude) {
        code += 2;
    }
    return code;
}

template <class C> const CodeGrid<C> & code_grid() {
    static const CodeGrid<C> grid = [] {
        const auto * magnitudes = static_cast<const uint8_t *>(lattice_grid(C::type));
        CodeGrid<C>  made;
        for (auto & entry : made) {
            for (auto & code : entry) {
                code = code_of<C>(*magnitudes++);
            }
        }
        return made;
    }();
    return grid;
}

// Eight bits, the lowest first, as the lowest bits of bytes.
uint64_t in_eight_bytes(uint8_t bits) {
    constexpr uint64_t EACH = 0x0101010101010101, ONE_A_BYTE = 0x8040201008040201, TO_128 = 0x00406070787c7e7f;
    return (((bits * EACH) & ONE_A_BYTE) + TO_128) >> 7 & EACH;
}

template <class C> void read(const void * from, RowOfCodes & to) {
    constexpr int EIGHT = 8, ENTRY = C::Lattice::entry_columns;
    const auto &  grid = code_grid<C>();
    LatticeBlock  block;
    read_lattice_block(C::type, from, block);
    for (int i = 0; i < C::Lattice::indices; ++i) {
        std::memcpy(to.codes + i * ENTRY, grid[block.indices[i]].data(), ENTRY);
    }
    for (int i = 0; i < BLOCK / EIGHT; ++i) {
        uint64_t codes;
        std::memcpy(&codes, to.codes + EIGHT * i, EIGHT);
        codes |= in_eight_bytes(block.signs[i]);
        std::memcpy(to.codes + EIGHT * i, &codes, EIGHT);
    }
    std::memcpy(to.factors, block.factors, sizeof(to.factors));
    to.scales[0] = block.scale;
}

template <int ROWS> void pack(ggml_type type, const void * blocks, const Shape & shape, void * tiles) {
    with_levels(type, [&](auto levels) {
        using C = decltype(levels);
        pack_codes<C, ROWS>(blocks, shape, tiles, read<C>);
    });
}

} // namespace

void pack_levels(ggml_type type, int64_t tile_rows, const void * blocks, const Shape & shape, void * tiles) {
    tile_rows == SIXTEEN ? pack<SIXTEEN>(type, blocks, shape, tiles) : pack<SIXTEEN / 2>(type, blocks, shape, tiles);
}

} // namespace snug::kernels
