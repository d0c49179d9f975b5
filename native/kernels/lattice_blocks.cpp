#include "lattice_blocks.h"

#include "lattice.h"

#define GGML_COMMON_DECL_CPP
#define GGML_COMMON_IMPL_CPP
#include "ggml-common.h"

namespace snug::kernels {

namespace {

// 28 bits of four times seven signs, of which an eighth makes the number of them even, below a factor
void read_signs_and_factor(uint32_t word, int run, LatticeBlock & to) {
    for (int i = 0; i < 4; ++i) {
        to.signs[4 * run + i] = ksigns_iq2xs[word >> (7 * i) & 127];
    }
    to.factors[2 * run] = to.factors[2 * run + 1] = static_cast<uint8_t>(word >> 28);
}

void read_factor_pairs(const uint8_t * pairs, LatticeBlock & to) {
    for (int i = 0; i < LatticeBlock::FACTORS; ++i) {
        to.factors[i] = pairs[i / 2] >> (4 * (i % 2)) & 15;
    }
}

void read(const block_iq2_xxs & from, LatticeBlock & to) {
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

void read(const block_iq2_xs & from, LatticeBlock & to) {
    to.scale = from.d;
    for (int i = 0; i < BLOCK / 8; ++i) {
        to.indices[i] = from.qs[i] & 511;
        to.signs[i]   = ksigns_iq2xs[from.qs[i] >> 9];
    }
    read_factor_pairs(from.scales, to);
}

void read(const block_iq2_s & from, LatticeBlock & to) {
    to.scale = from.d;
    for (int i = 0; i < BLOCK / 8; ++i) {
        to.indices[i] = static_cast<uint16_t>(from.qs[i] | (from.qh[i / 4] >> (2 * (i % 4)) & 3) << 8);
        to.signs[i]   = from.qs[BLOCK / 8 + i];
    }
    read_factor_pairs(from.scales, to);
}

void read(const block_iq3_xxs & from, LatticeBlock & to) {
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

void read(const block_iq3_s & from, LatticeBlock & to) {
    to.scale = from.d;
    for (int i = 0; i < BLOCK / 4; ++i) {
        to.indices[i] = static_cast<uint16_t>(from.qs[i] | (from.qh[i / 8] >> (i % 8) & 1) << 8);
    }
    std::memcpy(to.signs, from.signs, sizeof(to.signs));
    for (int i = 0; i < LatticeBlock::FACTORS; ++i) {
        to.factors[i] = from.scales[i / 4] >> (4 * (i / 2 % 2)) & 15;
    }
}

template <class Stored> void read_as_stored(const void * block, LatticeBlock & to) { read(*static_cast<const Stored *>(block), to); }

} // namespace

void read_lattice_block(ggml_type type, const void * block, LatticeBlock & to) {
    switch (type) {
        case GGML_TYPE_IQ2_XXS: read_as_stored<block_iq2_xxs>(block, to); break;
        case GGML_TYPE_IQ2_XS:  read_as_stored<block_iq2_xs>(block, to); break;
        case GGML_TYPE_IQ2_S:   read_as_stored<block_iq2_s>(block, to); break;
        case GGML_TYPE_IQ3_XXS: read_as_stored<block_iq3_xxs>(block, to); break;
        default:                read_as_stored<block_iq3_s>(block, to); break;
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
