// IQ3_XXS and IQ3_S as ggml makes them (ggml-quants.c: quantize_row_iq3_xxs_impl, quantize_row_iq3_s_impl).
#include "iq3.h"

#include "lattice_blocks.h"

#if defined(SNUG_AVX2)

namespace snug {

namespace {

constexpr float MIDDLE = 15; // the largest value of the grid
constexpr float STEP   = 0.2f;
constexpr int   COUNT  = 32;
constexpr int   RUNS   = BLOCK / COUNT;
constexpr int   GROUPS = COUNT / 4;

struct Iq3XXS {
    static constexpr ggml_type TYPE    = GGML_TYPE_IQ3_XXS;
    static constexpr float     MINIMUM = 1e-8f, CORRECTION = 1.0125f;

    struct Block {
        ggml_fp16_t d;
        uint8_t     codes[BLOCK / 4];
        uint8_t     scales_and_signs[BLOCK / 8];
    };
    static_assert(sizeof(Block) == 98, "the layout of block_iq3_xxs");

    SNUG_AVX2 static bool quantize(const float * values, const float * importance, const Grid & grid, Block & block) {
        const float sigma2       = 2 * mean_square(values);
        float       scales[RUNS] = {};
        uint32_t    words[RUNS]  = {};
        for (int i = 0; i < RUNS; ++i) {
            Run<COUNT> run;
            prepare<COUNT, true>(values + i * COUNT, importance + i * COUNT, sigma2, run);
            if (run.largest < MINIMUM) {
                continue;
            }
            if (!is_in_range(run)) {
                return false;
            }
            Choice<EightLevels, COUNT> choice = { run.largest / MIDDLE, {}, {} };
            std::fill_n(choice.on_grid, GROUPS, true);
            Search<EightLevels, COUNT, 31> search;
            search.best(run, grid, MIDDLE, STEP, run.largest, choice);
            const bool all_on_grid = std::all_of(choice.on_grid, choice.on_grid + GROUPS, [](bool on) { return on; });
            if (!all_on_grid && choice.scale > 0) {
                choose_again(run, grid, false, choice);
            }
            scales[i] = std::fabs(choice.scale);
            for (int group = 0; group < GROUPS; ++group) {
                block.codes[i * GROUPS + group] = static_cast<uint8_t>(grid.find(choice.patterns[group]));
            }
            for (int part = 0; part < COUNT / 8; ++part) {
                const uint32_t signs = choice.scale < 0 ? ~run.signs[part] & 127 : run.signs[part];
                words[i] |= signs << 7 * part;
            }
        }
        store(scales, words, block);
        return true;
    }

    static void store(const float * scales, uint32_t * words, Block & block) {
        const float largest = *std::max_element(scales, scales + RUNS);
        if (largest == 0) {
            std::memset(&block, 0, sizeof(block));
            return;
        }
        const float scale = largest / 31, inverse = 1 / scale;
        block.d = ggml_fp32_to_fp16(scale * CORRECTION);
        for (int i = 0; i < RUNS; ++i) {
            words[i] |= static_cast<uint32_t>(stored_factor(inverse, scales[i])) << 28;
        }
        std::memcpy(block.scales_and_signs, words, sizeof(block.scales_and_signs));
    }
};

struct Iq3S {
    static constexpr ggml_type TYPE       = GGML_TYPE_IQ3_S;
    static constexpr float     CORRECTION = 1.033f;

    struct Block {
        ggml_fp16_t d;
        uint8_t     low[BLOCK / 4];
        uint8_t     high[BLOCK / 32];
        uint8_t     signs[BLOCK / 8];
        uint8_t     scales[BLOCK / 64];
    };
    static_assert(sizeof(Block) == 110, "the layout of block_iq3_s");

    SNUG_AVX2 static bool quantize(const float * values, const float * importance, const Grid & grid, Block & block) {
        const float sigma2       = 2 * mean_square(values);
        float       scales[RUNS] = {};
        int         stored       = 0; // ggml leaves no place for a run of zeros, so that those after it move up
        for (int i = 0; i < RUNS; ++i) {
            Run<COUNT> run;
            prepare<COUNT, false>(values + i * COUNT, importance + i * COUNT, sigma2, run);
            if (run.largest == 0) {
                continue;
            }
            if (!is_in_range(run)) {
                return false;
            }
            Choice<EightLevels, COUNT>     choice = { run.largest / MIDDLE, {}, {} };
            Search<EightLevels, COUNT, 19> search;
            search.best(run, grid, MIDDLE, STEP, run.largest, choice);
            const bool all_on_grid = std::all_of(choice.on_grid, choice.on_grid + GROUPS, [](bool on) { return on; });
            if (!all_on_grid && choice.scale > 0) {
                choose_again(run, grid, true, choice);
            }
            scales[i] = std::fabs(choice.scale);
            for (int group = 0; group < GROUPS; ++group) {
                const int index                    = grid.find(choice.patterns[group]);
                block.low[stored * GROUPS + group] = static_cast<uint8_t>(index & 255);
                block.high[i] |= static_cast<uint8_t>(index >> 8 << group);
            }
            for (int part = 0; part < COUNT / 8; ++part) {
                block.signs[stored * COUNT / 8 + part] = static_cast<uint8_t>(choice.scale < 0 ? ~run.signs[part] : run.signs[part]);
            }
            ++stored;
        }
        store_scales<RUNS>(scales, CORRECTION, block);
        return true;
    }
};

} // namespace

Quantizer iq3_xxs_quantizer() { return lattice_quantizer<Iq3XXS>(); }
Quantizer iq3_s_quantizer() { return lattice_quantizer<Iq3S>(); }

} // namespace snug

#else

namespace snug {

Quantizer iq3_xxs_quantizer() { return nullptr; }
Quantizer iq3_s_quantizer() { return nullptr; }

} // namespace snug

#endif
