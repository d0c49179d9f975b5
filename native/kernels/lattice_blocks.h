#pragma once

#include "tokens.h"

#include "ggml.h"

#include <cstdint>

namespace snug::kernels {

// One block of a row of IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS or IQ3_S, whatever its type.
struct LatticeBlock {
    static constexpr int FACTORS = BLOCK / 16; // as if every type had so many

    uint16_t indices[BLOCK / 4]; // into lattice_grid, for 8 or 4 columns each
    uint8_t  signs[BLOCK / 8];
    uint8_t  factors[FACTORS];
    uint16_t scale;
};

// one of ggml's blocks, which may stand anywhere
void read_lattice_block(ggml_type type, const void * block, LatticeBlock & to);

// Entries of a grid: 64 or 32 bits of magnitudes, a byte each.
const void * lattice_grid(ggml_type type);

} // namespace snug::kernels
