#include "lattice.h"
#include "lattice_blocks.h"

namespace snug::kernels {

namespace {

void write_signs(const LatticeBlock & from, uint8_t * to) {
    for (int column = 0; column < BLOCK; ++column) {
        const int sign = from.signs[column / 8] >> (column % 8) & 1;
        to[column % LANE_RUN] |= static_cast<uint8_t>(sign << (LANE_RUNS - 1 - column / LANE_RUN));
    }
}

// The bits above eight, where a kernel finds those of 16 indices by shifts alone: of index i in bits from i / words on of word i % words.
template <class L> void write_high(const LatticeBlock & from, uint8_t * to) {
    constexpr int bits = L::index_bits - 8, words = L::indices * bits / 16;
    if constexpr (bits > 0) {
        for (int i = 0; i < L::indices; ++i) {
            const int at = 16 * (i % words) + i / words * bits;
            to[at / 8] |= static_cast<uint8_t>(from.indices[i] >> 8 << at % 8);
        }
    }
}

// Half a byte each; where there are two for a run, those of all first halves come first.
template <class L> void write_factors(const LatticeBlock & from, uint8_t * to) {
    constexpr int halves = LANE_RUN / L::factor_columns;
    for (int half = 0; half < halves; ++half) {
        for (int run = 0; run < LANE_RUNS; ++run) {
            to[half * LANE_RUNS / 2 + run / 2] |= static_cast<uint8_t>(from.factors[2 * run + half] << (4 * (run % 2)));
        }
    }
}

template <class L> void write(const LatticeBlock & from, int row, uint8_t * block) {
    uint8_t * to = block + row * L::row_bytes;
    for (int i = 0; i < L::indices; ++i) {
        to[i] = static_cast<uint8_t>(from.indices[i]);
    }
    write_high<L>(from, to + L::high_at);
    write_signs(from, to + L::signs_at);
    write_factors<L>(from, to + L::factors_at);
    std::memcpy(block + L::scales_at + row * sizeof(from.scale), &from.scale, sizeof(from.scale));
}

template <class L> void pack(const void * blocks, const Shape & shape, void * tiles) {
    const auto * source = static_cast<const char *>(blocks);
    const size_t bytes  = aligned(shape.blocks * L::block_bytes);
    for (int64_t row = 0; row < shape.rows; ++row) {
        auto * tile = static_cast<uint8_t *>(tiles) + row / LATTICE_ROWS * bytes;
        for (int64_t number = 0; number < shape.blocks; ++number, source += ggml_type_size(L::type)) {
            LatticeBlock block;
            read_lattice_block(L::type, source, block);
            write<L>(block, static_cast<int>(row % LATTICE_ROWS), tile + number * L::block_bytes);
        }
    }
}

} // namespace

void pack_lattice(ggml_type type, const void * blocks, const Shape & shape, void * tiles) {
    with_lattice(type, [&](auto lattice) { pack<decltype(lattice)>(blocks, shape, tiles); });
}

} // namespace snug::kernels
