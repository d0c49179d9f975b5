// Q4_K as ggml makes it (ggml-quants.c: quantize_row_q4_K_impl, make_qkx3_quants, make_qp_quants), which is where nearly all
// the time of quantizing goes. A block has eight runs of 32 values, each with a scale and a minimum of its own. ggml searches
// them for one run after the other, value by value. Here the eight runs lie side by side in the lanes of a vector: each lane
// does the same operations on the same numbers in the same order, so that the sums, and the blocks, are the same to the bit.
#include "q4_k.h"

#include "ggml.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__)
#    include <immintrin.h>
// AVX2 and not FMA, which would round once where ggml rounds twice
#    define SNUG_LANES __attribute__((target("avx2")))
#endif

namespace snug {

#ifdef SNUG_LANES

namespace {

constexpr int RUNS       = 8;
constexpr int RUN        = 32;
constexpr int VALUES     = RUNS * RUN;
constexpr int MAX_LEVEL  = 15;
constexpr int MAX_FACTOR = 63;

struct Block {
    ggml_fp16_t scale_of_scales;
    ggml_fp16_t scale_of_minimums;
    uint8_t     factors[12];
    uint8_t     levels[VALUES / 2];
};
static_assert(sizeof(Block) == 144, "the layout of block_q4_K");

typedef float   Floats __attribute__((vector_size(RUNS * sizeof(float))));
typedef int32_t Ints __attribute__((vector_size(RUNS * sizeof(int32_t))));

// the eight runs of a block: value i of every run is lanes[i]
struct Runs {
    Floats lanes[RUN];
};

// ggml's way to round, also for what does not fit: adding this leaves the integer in the lowest bits
constexpr float   ROUNDER    = 12582912.f;
constexpr int32_t LOW_BITS   = 0x007fffff;
constexpr int32_t LOW_OFFSET = 0x00400000;

int nearest(float value) {
    const float sum = value + ROUNDER;
    int32_t     bits;
    std::memcpy(&bits, &sum, sizeof(bits));
    return (bits & LOW_BITS) - LOW_OFFSET;
}

SNUG_LANES inline Floats nearest_level(Floats value) {
    const Floats sum   = value + ROUNDER;
    const Ints   level = ((Ints)sum & LOW_BITS) - LOW_OFFSET;
    return (Floats)_mm256_cvtepi32_ps(
        _mm256_max_epi32(_mm256_setzero_si256(), _mm256_min_epi32(_mm256_set1_epi32(MAX_LEVEL), (__m256i)level)));
}

SNUG_LANES inline Floats choose(Ints condition, Floats yes, Floats no) {
    return (Floats)_mm256_blendv_ps((__m256)no, (__m256)yes, (__m256)condition);
}

SNUG_LANES inline Runs side_by_side(const float * values) {
    Runs runs;
    for (int i = 0; i < RUN; ++i) {
        for (int run = 0; run < RUNS; ++run) {
            runs.lanes[i][run] = values[run * RUN + i];
        }
    }
    return runs;
}

// the scale and minimum of each run, and the level of each value under them
struct Fit {
    Floats scale;
    Floats minimum;
    Floats weight_sum;
    Runs   levels;
};

SNUG_LANES inline Floats weighted_error(const Runs & values, const Runs & weights, const Runs & levels, Floats scale, Floats minimum) {
    Floats error = {};
    for (int i = 0; i < RUN; ++i) {
        const Floats difference = scale * levels.lanes[i] + minimum - values.lanes[i];
        error += weights.lanes[i] * (difference * difference);
    }
    return error;
}

// make_qkx3_quants with the arguments that Q4_K has
SNUG_LANES Fit fit_runs(const Runs & values, const Runs & weights) {
    Floats minimum = values.lanes[0], maximum = values.lanes[0];
    Floats sum_w = weights.lanes[0], sum_x = sum_w * values.lanes[0];
    for (int i = 1; i < RUN; ++i) {
        const Floats x = values.lanes[i];
        minimum        = choose(x < minimum, x, minimum);
        maximum        = choose(x > maximum, x, maximum);
        sum_w += weights.lanes[i];
        sum_x += weights.lanes[i] * x;
    }
    const Floats zero   = {};
    minimum             = choose(minimum > zero, zero, minimum);
    const Ints   flat   = maximum <= minimum;
    const Floats lowest = minimum;

    Floats inverse      = MAX_LEVEL / (maximum - minimum);
    Floats best_inverse = inverse, best_from = minimum;
    Floats scale = 1 / inverse;
    Runs   levels;
    for (int i = 0; i < RUN; ++i) {
        levels.lanes[i] = nearest_level(inverse * (values.lanes[i] - minimum));
    }
    Floats best_error = weighted_error(values, weights, levels, scale, minimum);
    for (int step = 0; step <= 36; ++step) {
        inverse      = (-0.9f + 0.05f * step + MAX_LEVEL) / (maximum - minimum);
        Floats sum_l = {}, sum_l2 = {}, sum_xl = {};
        for (int i = 0; i < RUN; ++i) {
            const Floats level    = nearest_level(inverse * (values.lanes[i] - minimum));
            const Floats weighted = weights.lanes[i] * level;
            levels.lanes[i]       = level;
            sum_l += weighted;
            sum_l2 += weighted * level;
            sum_xl += weighted * values.lanes[i];
        }
        const Floats determinant  = sum_w * sum_l2 - sum_l * sum_l;
        Floats       this_scale   = (sum_w * sum_xl - sum_x * sum_l) / determinant;
        Floats       this_minimum = (sum_l2 * sum_x - sum_l * sum_xl) / determinant;
        const Ints   above        = this_minimum > zero;
        this_minimum              = choose(above, zero, this_minimum);
        this_scale                = choose(above, sum_xl / sum_l2, this_scale);
        const Floats error        = weighted_error(values, weights, levels, this_scale, this_minimum);
        const Ints   better       = (determinant > zero) & (error < best_error);
        best_inverse              = choose(better, inverse, best_inverse);
        best_from                 = choose(better, minimum, best_from);
        best_error                = choose(better, error, best_error);
        scale                     = choose(better, this_scale, scale);
        minimum                   = choose(better, this_minimum, minimum);
    }
    for (int i = 0; i < RUN; ++i) {
        levels.lanes[i] = choose(flat, zero, nearest_level(best_inverse * (values.lanes[i] - best_from)));
    }
    return { choose(flat, zero, scale), -choose(flat, lowest, minimum), sum_w, levels };
}

// make_qp_quants for eight values: whole factors up to 63 of one scale, which it returns
float fit_factors(const Floats & x, const Floats & weights, uint8_t * factors) {
    float maximum = 0;
    for (int i = 0; i < RUNS; ++i) {
        maximum = maximum > x[i] ? maximum : x[i];
    }
    if (maximum < 1e-15f) {
        std::memset(factors, 0, RUNS);
        return 0;
    }
    const auto error_with = [&](float inverse, auto factor_of) {
        const float scale = 1 / inverse;
        float       error = 0;
        for (int i = 0; i < RUNS; ++i) {
            const float difference = x[i] - scale * factor_of(inverse * x[i]);
            error += weights[i] * difference * difference;
        }
        return error;
    };
    // a scale may be below zero; ggml's first try, and only that, sees it as it is stored
    const auto as_stored  = [](float value) { return static_cast<uint8_t>(nearest(value)); };
    const auto as_it_is   = [](float value) { return std::min(MAX_FACTOR, nearest(value)); };
    float      inverse    = MAX_FACTOR / maximum;
    float      best_error = error_with(inverse, as_stored);
    for (int step = -4; step <= 4; ++step) {
        const float other = (0.1f * step + MAX_FACTOR) / maximum;
        const float error = error_with(other, as_it_is);
        if (step != 0 && error < best_error) {
            best_error = error;
            inverse    = other;
        }
    }
    float sum_xl = 0, sum_l2 = 0;
    for (int i = 0; i < RUNS; ++i) {
        const int factor = std::min(MAX_FACTOR, nearest(inverse * x[i]));
        factors[i]       = factor;
        sum_xl += weights[i] * x[i] * factor;
        sum_l2 += weights[i] * factor * factor;
    }
    bool changed = true;
    for (int round = 0; round < 5 && changed; ++round) {
        changed = false;
        for (int i = 0; i < RUNS; ++i) {
            const float w        = weights[i];
            float       other_xl = sum_xl - w * x[i] * factors[i];
            float       other_l2 = sum_l2 - w * factors[i] * factors[i];
            if (!(other_xl > 0 && other_l2 > 0)) {
                continue;
            }
            const int factor = std::min(MAX_FACTOR, nearest(x[i] * other_l2 / other_xl));
            if (factor == factors[i]) {
                continue;
            }
            other_xl += w * x[i] * factor;
            other_l2 += w * factor * factor;
            if (other_xl * other_xl * sum_l2 > sum_xl * sum_xl * other_l2) {
                factors[i] = factor;
                sum_xl     = other_xl;
                sum_l2     = other_l2;
                changed    = true;
            }
        }
    }
    return sum_l2 > 0 ? sum_xl / sum_l2 : 0;
}

// Eight times two factors of six bits: the first four as they are, of the others the upper bits beside those. A factor
// below zero has more bits and spoils its neighbour, as it does in ggml; what counts then is what is stored.
void pack_factors(const uint8_t * scales, const uint8_t * minimums, uint8_t * packed) {
    for (int run = 0; run < 4; ++run) {
        const uint8_t scale = scales[run + 4], minimum = minimums[run + 4];
        packed[run]     = scales[run] | ((scale >> 4) << 6);
        packed[run + 4] = minimums[run] | ((minimum >> 4) << 6);
        packed[run + 8] = (scale & 15) | ((minimum & 15) << 4);
    }
}

int stored_scale(const uint8_t * packed, int run) {
    return run < 4 ? packed[run] & 63 : (packed[run + 4] & 15) | ((packed[run - 4] >> 6) << 4);
}

int stored_minimum(const uint8_t * packed, int run) {
    return run < 4 ? packed[run + 4] & 63 : (packed[run + 4] >> 4) | ((packed[run] >> 6) << 4);
}

SNUG_LANES Runs weigh(const float * values, const Runs & x, const float * importance) {
    float sum = 0;
    for (int i = 0; i < VALUES; ++i) {
        sum += values[i] * values[i];
    }
    const float sigma2  = 2 * sum / VALUES;
    Runs        weights = side_by_side(importance);
    for (int i = 0; i < RUN; ++i) {
        weights.lanes[i] *= (Floats)_mm256_sqrt_ps((__m256)(sigma2 + x.lanes[i] * x.lanes[i]));
    }
    return weights;
}

SNUG_LANES void quantize_block(const float * values, const float * importance, Block & block) {
    const Runs x   = side_by_side(values);
    Fit        fit = fit_runs(x, weigh(values, x, importance));
    uint8_t    scales[RUNS], minimums[RUNS];
    block.scale_of_scales   = ggml_fp32_to_fp16(fit_factors(fit.scale, fit.weight_sum, scales));
    block.scale_of_minimums = ggml_fp32_to_fp16(fit_factors(fit.minimum, fit.weight_sum, minimums));
    pack_factors(scales, minimums, block.factors);

    // the levels under the scales as they are stored; a run whose scale became zero keeps the ones of the search
    const float scale_of_scales = ggml_fp16_to_fp32(block.scale_of_scales), scale_of_minimums = ggml_fp16_to_fp32(block.scale_of_minimums);
    Floats      scale, minimum;
    for (int run = 0; run < RUNS; ++run) {
        scale[run]   = scale_of_scales * stored_scale(block.factors, run);
        minimum[run] = scale_of_minimums * stored_minimum(block.factors, run);
    }
    const Floats zero = {};
    for (int i = 0; i < RUN; ++i) {
        const Floats level = choose(scale == zero, fit.levels.lanes[i], nearest_level((x.lanes[i] + minimum) / scale));
        const Ints   whole = (Ints)_mm256_cvttps_epi32((__m256)level);
        for (int pair = 0; pair < RUNS / 2; ++pair) {
            block.levels[pair * RUN + i] = whole[2 * pair] | (whole[2 * pair + 1] << 4);
        }
    }
}

} // namespace

bool has_q4_k_lanes() { return __builtin_cpu_supports("avx2"); }

size_t quantize_q4_k(const float * values, void * blocks, int64_t rows, int64_t columns, const float * importance) {
    auto * block = static_cast<Block *>(blocks);
    for (int64_t row = 0; row < rows; ++row) {
        for (int64_t column = 0; column < columns; column += VALUES) {
            quantize_block(values + row * columns + column, importance + column, *block++);
        }
    }
    return rows * columns / VALUES * sizeof(Block);
}

#else

bool has_q4_k_lanes() { return false; }

size_t quantize_q4_k(const float * values, void * blocks, int64_t rows, int64_t columns, const float * importance) {
    return ggml_quantize_chunk(GGML_TYPE_Q4_K, values, blocks, 0, rows, columns, importance);
}

#endif

} // namespace snug
