// The products with levels for one instruction set: included by a file that has included rows_avx2.h or one of its kind and how panels are
// multiplied. No #pragma once: each of them compiles its own.

#include "codes_vectors.h"
#include "levels.h"

namespace snug::kernels {

namespace {

// What is to be known of a token beside its block, where it is multiplied alone.
struct alignas(ALIGNMENT) LoneToken {
    int32_t less[UNITS];
};

size_t prepared_bytes(int64_t blocks, int64_t count, bool panels) {
    return blocks * count * (panels ? sizeof(PanelToken) : sizeof(LoneToken));
}

SNUG_TARGET void prepare(const Tokens & tokens, void * to) {
    if (tokens.panels) {
        prepare_panels(tokens, static_cast<PanelToken *>(to));
        return;
    }
    for (int64_t i = 0; i < tokens.count * tokens.blocks_each; ++i) {
        // codes of all these types count as much too much
        less_of_units<LevelsIq2S>(tokens.blocks[i], static_cast<LoneToken *>(to)[i].less);
    }
}

template <class C> using PanelOf = Panel<C::factor_columns>;

template <class C, int SIDE, int NUMBER> SNUG_OPERATION void unpack_unit(const Vectors<C> & vectors, int8_t (*units)[ROWS * UNIT]) {
    constexpr int LANE = SIDE * UNIT + NUMBER;
    save(units[LANE], less(levels_of<C, LANE>(vectors.of), bytes(C::middle)));
}

template <class C, int SIDE> SNUG_TARGET void unpack_side(const CodeBlock<C, ROWS> & block, PanelOf<C> & to) {
    for (int piece = 0; piece < PIECES; ++piece) {
        const Vectors<C> vectors(block, piece);
        auto *           units = to.units + piece * LANES;
        unpack_unit<C, SIDE, 0>(vectors, units);
        unpack_unit<C, SIDE, 1>(vectors, units);
        unpack_unit<C, SIDE, 2>(vectors, units);
        unpack_unit<C, SIDE, 3>(vectors, units);
    }
    if constexpr (SIDE < factor_sides<C>()) {
        Ints factors[PIECES];
        Factors<C, SIDE>(block).of_pieces(factors);
        for (int piece = 0; piece < PIECES; ++piece) {
            save(to.factors[piece * factor_sides<C>() + SIDE], factors[piece]);
        }
    }
}

template <class C>
SNUG_TARGET void multiply_in_panels(const CodeTile<C, ROWS> & tile, int64_t blocks, const PanelToken * tokens, int64_t count, float * to) {
    const auto unpack = [&tile](int64_t number, PanelOf<C> & panel) SNUG_TARGET {
        unpack_side<C, 0>(tile.blocks[number], panel);
        unpack_side<C, 1>(tile.blocks[number], panel);
        return scales_of(tile.scales[number].scale[0], lattice_unit(C::type));
    };
    multiply_panels<PanelOf<C>>(blocks, tokens, count, unpack, to);
}

SNUG_TARGET void multiply_by(float * sums, float factor) { store(sums, times(load_floats(sums), factor)); }

size_t tile_bytes(ggml_type type, int64_t blocks) {
    return with_levels(type, [=](auto levels) { return CodeTile<decltype(levels), ROWS>::bytes(blocks); });
}

void multiply(ggml_type type, const void * data, const Tokens & tokens, const void * prepared, float * sums) {
    with_levels(type, [&](auto levels) {
        using C                        = decltype(levels);
        const int64_t           blocks = tokens.blocks_each;
        const CodeTile<C, ROWS> tile(data, blocks);
        if (tokens.panels) {
            multiply_in_panels(tile, blocks, static_cast<const PanelToken *>(prepared), tokens.count, sums);
            return;
        }
        for (int64_t i = 0; i < tokens.count; ++i) {
            decode(tile, blocks, tokens.blocks + i * blocks, static_cast<const LoneToken *>(prepared) + i * blocks, sums + i * ROWS);
            multiply_by(sums + i * ROWS, lattice_unit(C::type));
        }
    });
}

} // namespace

} // namespace snug::kernels
