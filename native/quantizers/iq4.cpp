// IQ4_NL and IQ4_XS as ggml makes them (ggml-quants.c: quantize_row_iq4_nl_impl): sixteen levels that do not lie evenly, fifteen scales tried.
#include "iq4.h"

#if defined(SNUG_OWN_QUANTIZERS)

#    include "lanes.h"

#    include <algorithm>
#    include <cstring>

namespace snug {

namespace {

constexpr int RUN   = 32;
constexpr int TRIES = 7; // on either side
// kvalues_iq4nl of ggml-common.h
constexpr int LEVELS         = 16;
constexpr int VALUES[LEVELS] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };

// Where a level and the one before it are equally near. ggml compares both distances, which tells the same: near the middle they are exact.
constexpr float middle_below(int level) { return (VALUES[level - 1] + VALUES[level]) / 2.f; }

template <int WIDTH> SNUG_INLINE Ints<WIDTH> nearest_level(Floats<WIDTH> x) {
    Ints<WIDTH> level = LEVELS - 1 - Ints<WIDTH>{};
    for (int i = 1; i < LEVELS; ++i) {
        level += x < middle_below(i);
    }
    return level;
}

template <int WIDTH> SNUG_INLINE Floats<WIDTH> nearest_value(Floats<WIDTH> x) {
    Ints<WIDTH> value = VALUES[LEVELS - 1] - Ints<WIDTH>{};
    for (int i = 1; i < LEVELS; ++i) {
        value -= (x < middle_below(i)) & (VALUES[i] - VALUES[i - 1]);
    }
    return to_floats<WIDTH>(value);
}

template <int WIDTH> struct LevelSums {
    Floats<WIDTH> x, squares;
};

template <int WIDTH>
SNUG_INLINE LevelSums<WIDTH> sums_under(const Floats<WIDTH> * x, const Floats<WIDTH> * weights, Floats<WIDTH> inverse) {
    LevelSums<WIDTH> sums = {};
    for (int i = 0; i < RUN; ++i) {
        const Floats<WIDTH> value = nearest_value<WIDTH>(inverse * x[i]);
        sums.x += weights[i] * value * x[i];
        sums.squares += weights[i] * value * value;
    }
    return sums;
}

// the best scale for a run
template <int WIDTH> SNUG_INLINE Floats<WIDTH> fit_scale(const Floats<WIDTH> * x, const Floats<WIDTH> * weights) {
    const Floats<WIDTH> zero   = {};
    Floats<WIDTH>       utmost = {}, furthest = {};
    for (int i = 0; i < RUN; ++i) {
        const Floats<WIDTH> distance = magnitude<WIDTH>(x[i]);
        const Ints<WIDTH>   further  = distance > furthest;
        utmost                       = further ? x[i] : utmost;
        furthest                     = further ? distance : furthest;
    }
    const Floats<WIDTH> first = -utmost / static_cast<float>(VALUES[0]);
    LevelSums<WIDTH>    sums  = sums_under<WIDTH>(x, weights, 1 / first);
    Floats<WIDTH>       scale = sums.squares > zero ? sums.x / sums.squares : zero, best = scale * sums.x;
    for (int step = -TRIES; step <= TRIES; ++step) {
        sums                     = sums_under<WIDTH>(x, weights, static_cast<float>(step + VALUES[0]) / utmost);
        const Ints<WIDTH> better = (sums.squares > zero) & (sums.x * sums.x > best * sums.squares);
        scale                    = better ? sums.x / sums.squares : scale;
        best                     = better ? scale * sums.x : best;
    }
    return furthest < NOTHING ? zero : scale;
}

template <int WIDTH> SNUG_INLINE Floats<WIDTH> inverse_or_zero(Floats<WIDTH> scale) {
    const Floats<WIDTH> zero = {};
    return scale != zero ? 1 / scale : zero;
}

// The levels of a run, two to a byte; `codes` of each lane's block, with room for them.
template <int WIDTH> SNUG_INLINE void store_levels(const Floats<WIDTH> * x, Floats<WIDTH> inverse, uint8_t * const * codes) {
    for (int i = 0; i < RUN / 2; ++i) {
        const Ints<WIDTH> pair = nearest_level<WIDTH>(inverse * x[i]) | nearest_level<WIDTH>(inverse * x[i + RUN / 2]) << 4;
        for (int lane = 0; lane < WIDTH; ++lane) {
            codes[lane][i] = static_cast<uint8_t>(pair[lane]);
        }
    }
}

// `count` values of each lane, and their weights
template <int WIDTH, int COUNT> SNUG_INLINE void weigh(const Group<WIDTH> & group, Floats<WIDTH> * x, Floats<WIDTH> * weights) {
    side_by_side<WIDTH>(group.values, 0, COUNT, x);
    side_by_side<WIDTH>(group.importance, 0, COUNT, weights);
    const Floats<WIDTH> sigma2 = sum_of_squares<WIDTH>(x, COUNT) * (2.f / COUNT);
    for (int i = 0; i < COUNT; ++i) {
        weights[i] *= root<WIDTH>(sigma2 + x[i] * x[i]);
    }
}

struct Iq4NL {
    struct Block {
        ggml_fp16_t d;
        uint8_t     codes[RUN / 2];
    };
    static_assert(sizeof(Block) == 18, "the layout of block_iq4_nl");
    static constexpr int    COUNT = RUN;
    static constexpr size_t BYTES = sizeof(Block);

    template <int WIDTH> static SNUG_INLINE void quantize(const Group<WIDTH> & group) {
        Floats<WIDTH> x[COUNT], weights[COUNT];
        uint8_t *     codes[WIDTH];
        weigh<WIDTH, COUNT>(group, x, weights);
        const Floats<WIDTH> scale = fit_scale<WIDTH>(x, weights);
        for (int lane = 0; lane < WIDTH; ++lane) {
            auto & block = *reinterpret_cast<Block *>(group.blocks[lane]);
            block.d      = ggml_fp32_to_fp16(scale[lane]);
            codes[lane]  = block.codes;
        }
        store_levels<WIDTH>(x, inverse_or_zero<WIDTH>(scale), codes);
    }
};

struct Iq4XS {
    static constexpr int RUNS = BLOCK / RUN;

    struct Block {
        ggml_fp16_t d;
        uint16_t    high;
        uint8_t     low[RUNS / 2];
        uint8_t     codes[BLOCK / 2];
    };
    static_assert(sizeof(Block) == 136, "the layout of block_iq4_xs");
    static constexpr int    COUNT = BLOCK;
    static constexpr size_t BYTES = sizeof(Block);

    template <int WIDTH> static SNUG_INLINE void quantize(const Group<WIDTH> & group) {
        Floats<WIDTH> x[BLOCK], weights[BLOCK], scales[RUNS], utmost = {}, furthest = {};
        weigh<WIDTH, COUNT>(group, x, weights);
        for (int run = 0; run < RUNS; ++run) {
            scales[run]                  = fit_scale<WIDTH>(x + run * RUN, weights + run * RUN);
            const Floats<WIDTH> distance = magnitude<WIDTH>(scales[run]);
            const Ints<WIDTH>   further  = distance > furthest;
            utmost                       = further ? scales[run] : utmost;
            furthest                     = further ? distance : furthest;
        }
        const Floats<WIDTH> scale = -utmost / 32, inverse = inverse_or_zero<WIDTH>(scale);
        for (int lane = 0; lane < WIDTH; ++lane) {
            auto & block = *reinterpret_cast<Block *>(group.blocks[lane]);
            block.d      = ggml_fp32_to_fp16(scale[lane]);
            block.high   = 0;
            std::memset(block.low, 0, sizeof(block.low));
        }
        for (int run = 0; run < RUNS; ++run) {
            const Ints<WIDTH> factor = clamped<WIDTH>(nearest<WIDTH>(inverse * scales[run]), -32, 31);
            uint8_t *         codes[WIDTH];
            for (int lane = 0; lane < WIDTH; ++lane) {
                auto &    block  = *reinterpret_cast<Block *>(group.blocks[lane]);
                const int stored = factor[lane] + 32;
                block.high |= static_cast<uint16_t>(stored >> 4 << 2 * run);
                block.low[run / 2] |= static_cast<uint8_t>((stored & 15) << 4 * (run % 2));
                codes[lane] = block.codes + run * RUN / 2;
            }
            store_levels<WIDTH>(x + run * RUN, inverse_or_zero<WIDTH>(scale * to_floats<WIDTH>(factor)), codes);
        }
    }
};

} // namespace

SNUG_QUANTIZER(iq4_nl_quantizer, Iq4NL)
SNUG_QUANTIZER(iq4_xs_quantizer, Iq4XS)

} // namespace snug

#endif
