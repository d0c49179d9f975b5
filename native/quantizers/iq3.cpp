// IQ3_XXS and IQ3_S as ggml makes them (ggml-quants.c: quantize_row_iq3_xxs_impl, quantize_row_iq3_s_impl).
#include "iq3.h"

#if defined(SNUG_OWN_QUANTIZERS)

#    include "lattice_blocks.h"

namespace snug {

namespace {

struct Iq3XXS {
    using Levels                     = EightLevels;
    static constexpr ggml_type TYPE  = GGML_TYPE_IQ3_XXS;
    static constexpr int       COUNT = 32, RUNS = BLOCK / COUNT, TRIES = 31;
    static constexpr float     MINIMUM = 1e-8f, SIGMA = 2, CORRECTION = 1.0125f;
    static constexpr bool      EVEN = true, ON_GRID_AT_FIRST = true, ALL_AGAIN = false;

    struct Block {
        ggml_fp16_t d;
        uint8_t     codes[BLOCK / 4];
        uint8_t     scales_and_signs[BLOCK / 8];
    };
    static_assert(sizeof(Block) == 98, "the layout of block_iq3_xxs");

    static void store_run(int run, int, const uint8_t * signs, const Choice<Levels, COUNT> & choice, const Grid & grid, Block & block) {
        uint32_t word = 0;
        for (int group = 0; group < choice.GROUPS; ++group) {
            block.codes[run * choice.GROUPS + group] = static_cast<uint8_t>(grid.find(choice.patterns[group]));
        }
        for (int part = 0; part < COUNT / 8; ++part) {
            word |= static_cast<uint32_t>(signs[part]) << 7 * part;
        }
        std::memcpy(block.scales_and_signs + run * sizeof(word), &word, sizeof(word));
    }

    static void store_scales(const float * scales, Block & block) {
        const float largest = *std::max_element(scales, scales + RUNS);
        if (largest == 0) {
            std::memset(&block, 0, sizeof(block));
            return;
        }
        const float scale = largest / 31, inverse = 1 / scale;
        block.d = ggml_fp32_to_fp16(scale * CORRECTION);
        for (int run = 0; run < RUNS; ++run) {
            block.scales_and_signs[4 * run + 3] |= static_cast<uint8_t>(stored_factor(inverse, scales[run]) << 4);
        }
    }
};

struct Iq3S {
    using Levels                     = EightLevels;
    static constexpr ggml_type TYPE  = GGML_TYPE_IQ3_S;
    static constexpr int       COUNT = 32, TRIES = 19;
    static constexpr float     MINIMUM = FLT_TRUE_MIN, SIGMA = 2, CORRECTION = 1.033f;
    static constexpr bool      EVEN = false, ON_GRID_AT_FIRST = false, ALL_AGAIN = true;

    struct Block {
        ggml_fp16_t d;
        uint8_t     low[BLOCK / 4];
        uint8_t     high[BLOCK / 32];
        uint8_t     signs[BLOCK / 8];
        uint8_t     scales[BLOCK / 64];
    };
    static_assert(sizeof(Block) == 110, "the layout of block_iq3_s");

    // ggml leaves no place for a run of zeros, so that those after it move up
    static void store_run(int run, int stored, const uint8_t * signs, const Choice<Levels, COUNT> & choice, const Grid & grid,
                          Block & block) {
        for (int group = 0; group < choice.GROUPS; ++group) {
            const int index                           = grid.find(choice.patterns[group]);
            block.low[stored * choice.GROUPS + group] = static_cast<uint8_t>(index & 255);
            block.high[run] |= static_cast<uint8_t>(index >> 8 << group);
        }
        std::copy_n(signs, COUNT / 8, block.signs + stored * COUNT / 8);
    }
    static void store_scales(const float * scales, Block & block) { store_factors<BLOCK / COUNT>(scales, CORRECTION, block); }
};

} // namespace

Quantizer iq3_xxs_quantizer() { return lattice_quantizer<Iq3XXS, quantize_runs<Iq3XXS>>(); }
Quantizer iq3_s_quantizer() { return lattice_quantizer<Iq3S, quantize_runs<Iq3S>>(); }

} // namespace snug

#endif
