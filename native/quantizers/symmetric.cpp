// Q3_K and Q6_K as ggml makes them (ggml-quants.c: quantize_row_q3_K_impl, quantize_row_q6_K_impl, make_qx_quants).
#include "symmetric.h"

#if defined(SNUG_OWN_QUANTIZERS)

#    include "lanes.h"

#    include <algorithm>
#    include <cstring>

namespace snug {

namespace {

constexpr int RUNS = 16;
constexpr int RUN  = 16;

// What was found for values with one scale: level i is nearest(inverse · x), and 0 of all that are shifted where there is nothing.
template <int WIDTH> struct ScaleFit {
    Floats<WIDTH> scale, inverse;
    Ints<WIDTH>   nothing;
};

template <int WIDTH> SNUG_INLINE Ints<WIDTH> shifted_level(Floats<WIDTH> value, int highest) {
    return clamped<WIDTH>(nearest<WIDTH>(value), -highest, highest - 1) + highest;
}

template <int WIDTH> struct LevelSums {
    Floats<WIDTH> x, squares;
};

template <int WIDTH, int HIGHEST>
SNUG_INLINE LevelSums<WIDTH> sums_under(const Floats<WIDTH> * x, const Floats<WIDTH> * weights, Floats<WIDTH> inverse) {
    LevelSums<WIDTH> sums = {};
    for (int i = 0; i < RUN; ++i) {
        const Floats<WIDTH> level = to_floats<WIDTH>(clamped<WIDTH>(nearest<WIDTH>(inverse * x[i]), -HIGHEST, HIGHEST - 1));
        sums.x += weights[i] * x[i] * level;
        sums.squares += weights[i] * level * level;
    }
    return sums;
}

// make_qx_quants for 16 values: whole levels from −HIGHEST to HIGHEST − 1 of one scale
template <int WIDTH, int HIGHEST> SNUG_INLINE ScaleFit<WIDTH> fit_scale(const Floats<WIDTH> * x, const Floats<WIDTH> * weights) {
    const Floats<WIDTH> zero   = {};
    Floats<WIDTH>       utmost = {}, furthest = {};
    for (int i = 0; i < RUN; ++i) {
        const Floats<WIDTH> distance = magnitude<WIDTH>(x[i]);
        const Ints<WIDTH>   further  = distance > furthest;
        utmost                       = further ? x[i] : utmost;
        furthest                     = further ? distance : furthest;
    }
    ScaleFit<WIDTH> fit;
    fit.nothing                 = furthest < NOTHING;
    fit.inverse                 = -static_cast<float>(HIGHEST) / utmost;
    const LevelSums<WIDTH> sums = sums_under<WIDTH, HIGHEST>(x, weights, fit.inverse);
    fit.scale                   = sums.squares != zero ? sums.x / sums.squares : zero;
    Floats<WIDTH> best          = fit.scale * sums.x;
    for (int step = -9; step <= 9; ++step) {
        if (step == 0) {
            continue;
        }
        const Floats<WIDTH>    inverse = -(HIGHEST + 0.1f * step) / utmost;
        const LevelSums<WIDTH> other   = sums_under<WIDTH, HIGHEST>(x, weights, inverse);
        const Ints<WIDTH>      better  = (other.squares > zero) & (other.x * other.x > best * other.squares);
        const Floats<WIDTH>    scale   = other.x / other.squares;
        fit.scale                      = better ? scale : fit.scale;
        best                           = better ? scale * other.x : best;
        fit.inverse                    = better ? inverse : fit.inverse;
    }
    fit.scale = fit.nothing ? zero : fit.scale;
    return fit;
}

struct Q3K {
    static constexpr int HIGHEST = 4;

    struct Block {
        uint8_t     high[BLOCK / 8];
        uint8_t     low[BLOCK / 4];
        uint8_t     factors[12];
        ggml_fp16_t d;
    };
    static_assert(sizeof(Block) == 110, "the layout of block_q3_K");

    template <int WIDTH> static SNUG_INLINE void weigh(const Floats<WIDTH> * x, Floats<WIDTH> sum_of_squares, Floats<WIDTH> * weights) {
        const Floats<WIDTH> sigma2 = 2 * sum_of_squares / BLOCK;
        for (int i = 0; i < RUN; ++i) {
            weights[i] *= root<WIDTH>(sigma2 + x[i] * x[i]);
        }
    }

    // the scale of scales, and their factors, as six bits
    template <int WIDTH>
    static SNUG_INLINE void store_scales(const Floats<WIDTH> * scales, const Floats<WIDTH> * weight_sums, Block * const * blocks) {
        constexpr int         HIGHEST_FACTOR = 32;
        const ScaleFit<WIDTH> fit            = fit_scale<WIDTH, HIGHEST_FACTOR>(scales, weight_sums);
        Ints<WIDTH>           factors[RUNS];
        for (int run = 0; run < RUNS; ++run) {
            factors[run] = shifted_level<WIDTH>(fit.inverse * scales[run], HIGHEST_FACTOR) & ~fit.nothing;
        }
        for (int lane = 0; lane < WIDTH; ++lane) {
            Block & block = *blocks[lane];
            block.d       = ggml_fp32_to_fp16(fit.scale[lane]);
            std::memset(block.factors, 0, sizeof(block.factors));
            for (int run = 0; run < RUNS; ++run) {
                const int factor = factors[run][lane];
                block.factors[run % 8] |= static_cast<uint8_t>((factor & 15) << (run < 8 ? 0 : 4));
                block.factors[8 + run % 4] |= static_cast<uint8_t>((factor >> 4) << (2 * (run / 4)));
            }
        }
    }

    static int stored_factor(const Block & block, int run) {
        const int low = run < 8 ? block.factors[run] & 15 : block.factors[run - 8] >> 4;
        return (low | ((block.factors[8 + run % 4] >> (2 * (run / 4))) & 3) << 4) - 32;
    }

    static void store_levels(const uint8_t * levels, Block & block) {
        for (int i = 0; i < BLOCK / 8; ++i) {
            uint8_t bits = 0;
            for (int part = 0; part < 8; ++part) {
                bits |= static_cast<uint8_t>((levels[part * 32 + i] >> 2) << part);
            }
            block.high[i] = bits;
        }
        for (int half = 0; half < BLOCK; half += 128) {
            for (int i = 0; i < 32; ++i) {
                const uint8_t * level = levels + half + i;
                block.low[half / 4 + i] =
                    static_cast<uint8_t>((level[0] & 3) | (level[32] & 3) << 2 | (level[64] & 3) << 4 | (level[96] & 3) << 6);
            }
        }
    }
};

struct Q6K {
    static constexpr int HIGHEST = 32;

    struct Block {
        uint8_t     low[BLOCK / 2];
        uint8_t     high[BLOCK / 4];
        int8_t      factors[RUNS];
        ggml_fp16_t d;
    };
    static_assert(sizeof(Block) == 210, "the layout of block_q6_K");

    // the importance itself
    template <int WIDTH> static SNUG_INLINE void weigh(const Floats<WIDTH> *, Floats<WIDTH>, Floats<WIDTH> *) {}

    template <int WIDTH> static SNUG_INLINE void store_scales(const Floats<WIDTH> * scales, const Floats<WIDTH> *, Block * const * blocks) {
        for (int lane = 0; lane < WIDTH; ++lane) {
            float utmost = 0;
            for (int run = 0; run < RUNS; ++run) {
                utmost = std::fabs(scales[run][lane]) > std::fabs(utmost) ? scales[run][lane] : utmost;
            }
            const float inverse = -128.f / utmost;
            Block &     block   = *blocks[lane];
            const bool  nothing = std::fabs(utmost) < NOTHING;
            block.d             = nothing ? 0 : ggml_fp32_to_fp16(1 / inverse);
            for (int run = 0; run < RUNS; ++run) {
                block.factors[run] = static_cast<int8_t>(nothing ? 0 : std::min(127, nearest(inverse * scales[run][lane])));
            }
        }
    }

    static int stored_factor(const Block & block, int run) { return block.factors[run]; }

    static void store_levels(const uint8_t * levels, Block & block) {
        // ggml leaves no levels where there is nothing; elsewhere a factor is −128
        if (std::all_of(block.factors, block.factors + RUNS, [](int8_t factor) { return factor == 0; })) {
            std::memset(&block, 0, sizeof(block));
            return;
        }
        for (int i = 0; i < BLOCK / 4; ++i) {
            const uint8_t * level = levels + i / 32 * 128 + i % 32;
            uint8_t *       low   = block.low + i / 32 * 64 + i % 32;
            low[0]                = static_cast<uint8_t>((level[0] & 15) | (level[64] & 15) << 4);
            low[32]               = static_cast<uint8_t>((level[32] & 15) | (level[96] & 15) << 4);
            block.high[i] = static_cast<uint8_t>(level[0] >> 4 | (level[32] >> 4) << 2 | (level[64] >> 4) << 4 | (level[96] >> 4) << 6);
        }
    }
};

template <class Type> struct Symmetric {
    static constexpr int    COUNT = BLOCK;
    static constexpr size_t BYTES = sizeof(typename Type::Block);

    template <int WIDTH> static SNUG_INLINE void quantize(const Group<WIDTH> & group) {
        Floats<WIDTH>   x[BLOCK], weights[RUN], scales[RUNS], weight_sums[RUNS];
        ScaleFit<WIDTH> fits[RUNS];
        side_by_side<WIDTH>(group.values, 0, BLOCK, x);
        const Floats<WIDTH> squares = sum_of_squares<WIDTH>(x);
        for (int run = 0; run < RUNS; ++run) {
            side_by_side<WIDTH>(group.importance, run * RUN, RUN, weights);
            Type::template weigh<WIDTH>(x + run * RUN, squares, weights);
            weight_sums[run] = Floats<WIDTH>{};
            for (int i = 0; i < RUN; ++i) {
                weight_sums[run] += weights[i];
            }
            fits[run]   = fit_scale<WIDTH, Type::HIGHEST>(x + run * RUN, weights);
            scales[run] = fits[run].scale;
        }
        typename Type::Block * blocks[WIDTH];
        for (int lane = 0; lane < WIDTH; ++lane) {
            blocks[lane] = reinterpret_cast<typename Type::Block *>(group.blocks[lane]);
        }
        Type::template store_scales<WIDTH>(scales, weight_sums, blocks);
        store_levels<WIDTH>(x, fits, blocks);
    }

    // The levels under the scales as they are stored; a run whose scale became zero keeps the ones of the search.
    template <int WIDTH>
    static SNUG_INLINE void store_levels(const Floats<WIDTH> * x, const ScaleFit<WIDTH> * fits, typename Type::Block * const * blocks) {
        uint8_t             levels[WIDTH][BLOCK];
        const Floats<WIDTH> zero = {};
        Floats<WIDTH>       scale_of_scales;
        for (int lane = 0; lane < WIDTH; ++lane) {
            scale_of_scales[lane] = ggml_fp16_to_fp32(blocks[lane]->d);
        }
        for (int run = 0; run < RUNS; ++run) {
            const auto &  fit = fits[run];
            Floats<WIDTH> factor;
            for (int lane = 0; lane < WIDTH; ++lane) {
                factor[lane] = static_cast<float>(Type::stored_factor(*blocks[lane], run));
            }
            const Floats<WIDTH> scale = scale_of_scales * factor;
            for (int i = run * RUN; i < (run + 1) * RUN; ++i) {
                const Ints<WIDTH> searched = shifted_level<WIDTH>(fit.inverse * x[i], Type::HIGHEST) & ~fit.nothing;
                const Ints<WIDTH> level    = scale == zero ? searched : shifted_level<WIDTH>(x[i] / scale, Type::HIGHEST);
                for (int lane = 0; lane < WIDTH; ++lane) {
                    levels[lane][i] = static_cast<uint8_t>(level[lane]);
                }
            }
        }
        for (int lane = 0; lane < WIDTH; ++lane) {
            Type::store_levels(levels[lane], *blocks[lane]);
        }
    }
};

} // namespace

SNUG_QUANTIZER(q3_k_quantizer, Symmetric<Q3K>)
SNUG_QUANTIZER(q6_k_quantizer, Symmetric<Q6K>)

} // namespace snug

#endif
