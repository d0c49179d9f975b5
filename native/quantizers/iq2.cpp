// IQ2_XXS, IQ2_XS and IQ2_S as ggml makes them (ggml-quants.c: quantize_row_iq2_xxs_impl and so on).
#include "iq2.h"

#if defined(SNUG_OWN_QUANTIZERS)

#    include "factors.h"
#    include "lattice_blocks.h"

namespace snug {

namespace {

struct Iq2XS {
    using Levels                     = ThreeLevels;
    static constexpr ggml_type TYPE  = GGML_TYPE_IQ2_XS;
    static constexpr int       COUNT = 16, TRIES = 19;
    static constexpr float     MINIMUM = NOTHING, SIGMA = 1;
    static constexpr bool      EVEN = true, ON_GRID_AT_FIRST = true, ALL_AGAIN = false;

    struct Block {
        ggml_fp16_t d;
        uint16_t    codes[BLOCK / 8];
        uint8_t     scales[BLOCK / 32];
    };
    static_assert(sizeof(Block) == 74, "the layout of block_iq2_xs");

    static void store_run(int run, int, const uint8_t * signs, const Choice<Levels, COUNT> & choice, const Grid & grid, Block & block) {
        for (int group = 0; group < choice.GROUPS; ++group) {
            block.codes[choice.GROUPS * run + group] = static_cast<uint16_t>(grid.find(choice.patterns[group]) | signs[group] << 9);
        }
    }
    static void store_scales(const float * scales, Block & block) { store_factors<BLOCK / COUNT>(scales, 1, block); }
};

struct Iq2S {
    using Levels                     = ThreeLevels;
    static constexpr ggml_type TYPE  = GGML_TYPE_IQ2_S;
    static constexpr int       COUNT = 16, TRIES = 19;
    static constexpr float     MINIMUM = 1e-8f, SIGMA = 2, CORRECTION = 0.9875f;
    static constexpr bool      EVEN = false, ON_GRID_AT_FIRST = true, ALL_AGAIN = false;

    struct Block {
        ggml_fp16_t d;
        uint8_t     low[BLOCK / 8];
        uint8_t     signs[BLOCK / 8];
        uint8_t     high[BLOCK / 32];
        uint8_t     scales[BLOCK / 32];
    };
    static_assert(sizeof(Block) == 82, "the layout of block_iq2_s");

    static void store_run(int run, int, const uint8_t * signs, const Choice<Levels, COUNT> & choice, const Grid & grid, Block & block) {
        for (int group = 0; group < choice.GROUPS; ++group) {
            const int at    = choice.GROUPS * run + group;
            const int index = grid.find(choice.patterns[group]);
            block.low[at]   = static_cast<uint8_t>(index & 255);
            block.high[at / 4] |= static_cast<uint8_t>(index >> 8 << 2 * (at % 4));
            block.signs[at] = signs[group];
        }
    }
    static void store_scales(const float * scales, Block & block) { store_factors<BLOCK / COUNT>(scales, CORRECTION, block); }
};

// The scale of each run is first fitted without the grid.
struct Iq2XXS {
    static constexpr ggml_type TYPE  = GGML_TYPE_IQ2_XXS;
    static constexpr int       COUNT = 32, RUNS = BLOCK / COUNT, GROUPS = 4, TRIES = 13;

    struct Block {
        ggml_fp16_t d;
        uint16_t    codes[BLOCK / 8];
    };
    static_assert(sizeof(Block) == 66, "the layout of block_iq2_xxs");

    SNUG_AVX2 static bool quantize(const float * values, const float * importance, const Grid & grid, Block & block) {
        const float sigma2 = mean_square(values);
        Run<COUNT>  runs[RUNS];
        for (int i = 0; i < RUNS; ++i) {
            prepare<COUNT, true>(values + i * COUNT, importance + i * COUNT, sigma2, runs[i]);
        }
        float first_scales[RUNS];
        fit_first(runs, first_scales);
        uint32_t words[RUNS][2] = {};
        float    scales[RUNS]   = {};
        for (int i = 0; i < RUNS; ++i) {
            const float largest = first_scales[i] * 3;
            if (runs[i].largest < NOTHING || largest <= 0) {
                continue;
            }
            if (!is_in_range(runs[i])) {
                return false;
            }
            Choice<ThreeLevels, COUNT>        choice = { first_scales[i], {}, {} };
            Search<ThreeLevels, COUNT, TRIES> search;
            search.best(runs[i], grid, largest, choice);
            if (choice.scale > 0) {
                choose_again(runs[i], grid, true, choice);
            }
            scales[i] = std::fabs(choice.scale);
            for (int group = 0; group < GROUPS; ++group) {
                const uint32_t signs = stored_signs<true>(choice.scale, runs[i].signs[group]);
                words[i][0] |= static_cast<uint32_t>(grid.find(choice.patterns[group])) << 8 * group;
                words[i][1] |= signs << 7 * group;
            }
        }
        store(scales, words, block);
        return true;
    }

    // a first scale for the runs, as of levels up to 4
    static SNUG_INLINE void fit_first(const Run<COUNT> * runs, float * scales) {
        Floats<RUNS> x[COUNT], weights[COUNT];
        Ints<RUNS>   levels[COUNT];
        for (int i = 0; i < COUNT; ++i) {
            for (int run = 0; run < RUNS; ++run) {
                x[i][run]       = runs[run].x[i];
                weights[i][run] = runs[run].weights[i];
            }
        }
        const Floats<RUNS> found = fit_factors<RUNS, COUNT>(x, weights, 4, levels);
        std::memcpy(scales, &found, sizeof(found));
    }

    static void store(const float * scales, uint32_t (*words)[2], Block & block) {
        const float largest = *std::max_element(scales, scales + RUNS);
        if (largest == 0) {
            return;
        }
        const float scale = largest / 31, inverse = 1 / scale;
        block.d = ggml_fp32_to_fp16(scale);
        for (int i = 0; i < RUNS; ++i) {
            words[i][1] |= static_cast<uint32_t>(stored_factor(inverse, scales[i])) << 28;
        }
        std::memcpy(block.codes, words, sizeof(block.codes));
    }
};

} // namespace

Quantizer iq2_xxs_quantizer() { return lattice_quantizer<Iq2XXS, Iq2XXS::quantize>(); }
Quantizer iq2_xs_quantizer() { return lattice_quantizer<Iq2XS, quantize_runs<Iq2XS>>(); }
Quantizer iq2_s_quantizer() { return lattice_quantizer<Iq2S, quantize_runs<Iq2S>>(); }

} // namespace snug

#endif
