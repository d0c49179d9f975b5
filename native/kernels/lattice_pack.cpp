#include "lattice.h"

#define GGML_COMMON_DECL_CPP
#define GGML_COMMON_IMPL_CPP
#include "ggml-common.h"

namespace snug::kernels {

namespace {

constexpr int FACTORS = 16; // of a block: one for 16 columns, as if every type had so many

// One block of a row, whatever its type.
struct Block {
    uint16_t indices[BLOCK / 4];
    uint8_t  signs[BLOCK / 8];
    uint8_t  factors[FACTORS];
    uint16_t scale;
};

// 28 bits of four times seven signs, of which an eighth makes the number of them even, below a factor
void read_signs_and_factor(uint32_t word, int run, Block & to) {
    for (int i = 0; i < 4; ++i) {
        to.signs[4 * run + i] = ksigns_iq2xs[word >> (7 * i) & 127];
    }
    to.factors[2 * run] = to.factors[2 * run + 1] = static_cast<uint8_t>(word >> 28);
}

void read_factor_pairs(const uint8_t * pairs, Block & to) {
    for (int i = 0; i < FACTORS; ++i) {
        to.factors[i] = pairs[i / 2] >> (4 * (i % 2)) & 15;
    }
}

void read(const block_iq2_xxs & from, Block & to) {
    to.scale = from.d;
    for (int run = 0; run < LANE_RUNS; ++run) {
        uint32_t words[2];
        std::memcpy(words, from.qs + 4 * run, sizeof(words));
        for (int i = 0; i < 4; ++i) {
            to.indices[4 * run + i] = words[0] >> (8 * i) & 255;
        }
        read_signs_and_factor(words[1], run, to);
    }
}

void read(const block_iq2_xs & from, Block & to) {
    to.scale = from.d;
    for (int i = 0; i < BLOCK / 8; ++i) {
        to.indices[i] = from.qs[i] & 511;
        to.signs[i]   = ksigns_iq2xs[from.qs[i] >> 9];
    }
    read_factor_pairs(from.scales, to);
}

void read(const block_iq2_s & from, Block & to) {
    to.scale = from.d;
    for (int i = 0; i < BLOCK / 8; ++i) {
        to.indices[i] = static_cast<uint16_t>(from.qs[i] | (from.qh[i / 4] >> (2 * (i % 4)) & 3) << 8);
        to.signs[i]   = from.qs[BLOCK / 8 + i];
    }
    read_factor_pairs(from.scales, to);
}

void read(const block_iq3_xxs & from, Block & to) {
    to.scale = from.d;
    for (int i = 0; i < BLOCK / 4; ++i) {
        to.indices[i] = from.qs[i];
    }
    for (int run = 0; run < LANE_RUNS; ++run) {
        uint32_t word;
        std::memcpy(&word, from.qs + BLOCK / 4 + run * sizeof(word), sizeof(word));
        read_signs_and_factor(word, run, to);
    }
}

void read(const block_iq3_s & from, Block & to) {
    to.scale = from.d;
    for (int i = 0; i < BLOCK / 4; ++i) {
        to.indices[i] = static_cast<uint16_t>(from.qs[i] | (from.qh[i / 8] >> (i % 8) & 1) << 8);
    }
    std::memcpy(to.signs, from.signs, sizeof(to.signs));
    for (int i = 0; i < FACTORS; ++i) {
        to.factors[i] = from.scales[i / 4] >> (4 * (i / 2 % 2)) & 15;
    }
}

void write_signs(const Block & from, uint8_t * to) {
    for (int column = 0; column < BLOCK; ++column) {
        const int sign = from.signs[column / 8] >> (column % 8) & 1;
        to[column % LANE_RUN] |= static_cast<uint8_t>(sign << (LANE_RUNS - 1 - column / LANE_RUN));
    }
}

// The bits above eight, where a kernel finds those of 16 indices by shifts alone: of index i in bits from i / words on of word i % words.
template <class L> void write_high(const Block & from, uint8_t * to) {
    constexpr int bits = L::index_bits - 8, words = L::indices * bits / 16;
    if constexpr (bits > 0) {
        for (int i = 0; i < L::indices; ++i) {
            const int at = 16 * (i % words) + i / words * bits;
            to[at / 8] |= static_cast<uint8_t>(from.indices[i] >> 8 << at % 8);
        }
    }
}

// Half a byte each; where there are two for a run, those of all first halves come first.
template <class L> void write_factors(const Block & from, uint8_t * to) {
    constexpr int halves = LANE_RUN / L::factor_columns;
    for (int half = 0; half < halves; ++half) {
        for (int run = 0; run < LANE_RUNS; ++run) {
            to[half * LANE_RUNS / 2 + run / 2] |= static_cast<uint8_t>(from.factors[2 * run + half] << (4 * (run % 2)));
        }
    }
}

template <class L> void write(const Block & from, int row, uint8_t * block) {
    uint8_t * to = block + row * L::row_bytes;
    for (int i = 0; i < L::indices; ++i) {
        to[i] = static_cast<uint8_t>(from.indices[i]);
    }
    write_high<L>(from, to + L::high_at);
    write_signs(from, to + L::signs_at);
    write_factors<L>(from, to + L::factors_at);
    std::memcpy(block + L::scales_at + row * sizeof(from.scale), &from.scale, sizeof(from.scale));
}

template <class L, class Stored> void pack(const void * blocks, const Shape & shape, void * tiles) {
    const auto * source = static_cast<const Stored *>(blocks);
    const size_t bytes  = aligned(shape.blocks * L::block_bytes);
    for (int64_t row = 0; row < shape.rows; ++row) {
        auto * tile = static_cast<uint8_t *>(tiles) + row / LATTICE_ROWS * bytes;
        for (int64_t number = 0; number < shape.blocks; ++number) {
            Block block;
            read(*source++, block);
            write<L>(block, static_cast<int>(row % LATTICE_ROWS), tile + number * L::block_bytes);
        }
    }
}

} // namespace

void pack_lattice(ggml_type type, const void * blocks, const Shape & shape, void * tiles) {
    switch (type) {
        case GGML_TYPE_IQ2_XXS: pack<LatticeIq2Xxs, block_iq2_xxs>(blocks, shape, tiles); break;
        case GGML_TYPE_IQ2_XS:  pack<LatticeIq2Xs, block_iq2_xs>(blocks, shape, tiles); break;
        case GGML_TYPE_IQ2_S:   pack<LatticeIq2S, block_iq2_s>(blocks, shape, tiles); break;
        case GGML_TYPE_IQ3_XXS: pack<LatticeIq3Xxs, block_iq3_xxs>(blocks, shape, tiles); break;
        default:                pack<LatticeIq3S, block_iq3_s>(blocks, shape, tiles); break;
    }
}

const void * lattice_grid(ggml_type type) {
    switch (type) {
        case GGML_TYPE_IQ2_XXS: return iq2xxs_grid;
        case GGML_TYPE_IQ2_XS:  return iq2xs_grid;
        case GGML_TYPE_IQ2_S:   return iq2s_grid;
        case GGML_TYPE_IQ3_XXS: return iq3xxs_grid;
        default:                return iq3s_grid;
    }
}

} // namespace snug::kernels
