#pragma once

// How blocks of types with scales and minimums are packed.
#include "lanes.h"

#include "ggml.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace snug {

struct Q2K {
    static constexpr int   RUNS = 16, RUN = 16, HIGHEST = 3, HIGHEST_FACTOR = 15;
    static constexpr float SPREAD = 1;

    struct Block {
        uint8_t     factors[16];
        uint8_t     levels[BLOCK / 4];
        ggml_fp16_t d, dmin;
    };
    static_assert(sizeof(Block) == 84, "the layout of block_q2_K");

    static void store_factors(const uint8_t * scales, const uint8_t * minimums, Block & block) {
        for (int run = 0; run < RUNS; ++run) {
            block.factors[run] = static_cast<uint8_t>(scales[run] | minimums[run] << 4);
        }
    }
    static int stored_scale(const Block & block, int run) { return block.factors[run] & 15; }
    static int stored_minimum(const Block & block, int run) { return block.factors[run] >> 4; }

    static void store_levels(const uint8_t * levels, Block & block) {
        for (int half = 0; half < BLOCK; half += 128) {
            for (int i = 0; i < 32; ++i) {
                const uint8_t * level      = levels + half + i;
                block.levels[half / 4 + i] = static_cast<uint8_t>(level[0] | level[32] << 2 | level[64] << 4 | level[96] << 6);
            }
        }
    }
};

// Eight times two factors of six bits: the first four as they are, of the others the upper bits beside those. A factor below zero has more
// bits and spoils its neighbour, as it does in ggml; what counts then is what is stored.
struct SixBitFactors {
    static constexpr int   RUNS = 8, RUN = 32, HIGHEST_FACTOR = 63;
    static constexpr float SPREAD = 2;

    static void pack(const uint8_t * scales, const uint8_t * minimums, uint8_t * packed) {
        for (int run = 0; run < 4; ++run) {
            const uint8_t scale = scales[run + 4], minimum = minimums[run + 4];
            packed[run]     = static_cast<uint8_t>(scales[run] | (scale >> 4) << 6);
            packed[run + 4] = static_cast<uint8_t>(minimums[run] | (minimum >> 4) << 6);
            packed[run + 8] = static_cast<uint8_t>((scale & 15) | (minimum & 15) << 4);
        }
    }
    static int scale(const uint8_t * packed, int run) {
        return run < 4 ? packed[run] & 63 : (packed[run + 4] & 15) | ((packed[run - 4] >> 6) << 4);
    }
    static int minimum(const uint8_t * packed, int run) {
        return run < 4 ? packed[run + 4] & 63 : (packed[run + 4] >> 4) | ((packed[run] >> 6) << 4);
    }
};

struct Q4K : SixBitFactors {
    static constexpr int HIGHEST = 15;

    struct Block {
        ggml_fp16_t d, dmin;
        uint8_t     factors[12];
        uint8_t     levels[BLOCK / 2];
    };
    static_assert(sizeof(Block) == 144, "the layout of block_q4_K");

    static void store_factors(const uint8_t * scales, const uint8_t * minimums, Block & block) { pack(scales, minimums, block.factors); }
    static int  stored_scale(const Block & block, int run) { return scale(block.factors, run); }
    static int  stored_minimum(const Block & block, int run) { return minimum(block.factors, run); }

    static void store_levels(const uint8_t * levels, Block & block) {
        for (int i = 0; i < BLOCK / 2; ++i) {
            const uint8_t * level = levels + i / 32 * 64 + i % 32;
            block.levels[i]       = static_cast<uint8_t>(level[0] | level[32] << 4);
        }
    }
};

struct Q5K : SixBitFactors {
    static constexpr int HIGHEST = 31;

    struct Block {
        ggml_fp16_t d, dmin;
        uint8_t     factors[12];
        uint8_t     high[BLOCK / 8];
        uint8_t     low[BLOCK / 2];
    };
    static_assert(sizeof(Block) == 176, "the layout of block_q5_K");

    // ggml bounds the factors of this type alone
    static void store_factors(const uint8_t * scales, const uint8_t * minimums, Block & block) {
        uint8_t bounded_scales[RUNS], bounded_minimums[RUNS];
        for (int run = 0; run < RUNS; ++run) {
            bounded_scales[run]   = std::min<uint8_t>(HIGHEST_FACTOR, scales[run]);
            bounded_minimums[run] = std::min<uint8_t>(HIGHEST_FACTOR, minimums[run]);
        }
        pack(bounded_scales, bounded_minimums, block.factors);
    }
    static int stored_scale(const Block & block, int run) { return scale(block.factors, run); }
    static int stored_minimum(const Block & block, int run) { return minimum(block.factors, run); }

    static void store_levels(const uint8_t * levels, Block & block) {
        for (int i = 0; i < BLOCK / 2; ++i) {
            const uint8_t * level = levels + i / 32 * 64 + i % 32;
            block.low[i]          = static_cast<uint8_t>((level[0] & 15) | (level[32] & 15) << 4);
        }
        for (int i = 0; i < 32; ++i) {
            uint8_t bits = 0;
            for (int run = 0; run < RUNS; ++run) {
                bits |= static_cast<uint8_t>((levels[run * 32 + i] >> 4) << run);
            }
            block.high[i] = bits;
        }
    }
};

} // namespace snug
