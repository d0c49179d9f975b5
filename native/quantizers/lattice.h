#pragma once

// What IQ2 and IQ3 types share as ggml makes them (ggml-quants.c: quantize_row_iq2_s_impl and its like): for each run some scales are tried,
// the values under each put on a grid, and the scale kept whose error is least. The tries lie side by side in the lanes of vectors.
#include "grid_search.h"
#include "lanes.h"

#include <algorithm>
#include <cfloat>
#include <cstring>

#include <immintrin.h>

namespace snug {

constexpr int LANES = 8;

// Eight dimensions of the values 1, 3 and 5. Scales are tried around the one that makes the largest value of a run MIDDLE.
struct ThreeLevels {
    static constexpr int   DIMENSIONS = 8, BITS = 2, HIGHEST = 2;
    static constexpr float MIDDLE = 5, STEP = 0.1f;

    SNUG_AVX2 static __m256 values() { return _mm256_setr_ps(1, 3, 5, 0, 1, 3, 5, 0); }
    SNUG_AVX2 static __m256 look_up(__m256 table, __m256i level) { return _mm256_permutevar_ps(table, level); }
    static int              nearest_of(const Grid::Near & near, const float * values, const float * x, const float * w) {
        return nearest_of_3_levels(near, values, x, w);
    }
};

// Four of 1, 3, … 15.
struct EightLevels {
    static constexpr int   DIMENSIONS = 4, BITS = 3, HIGHEST = 7;
    static constexpr float MIDDLE = 15, STEP = 0.2f;

    SNUG_AVX2 static __m256 values() { return _mm256_setr_ps(1, 3, 5, 7, 9, 11, 13, 15); }
    SNUG_AVX2 static __m256 look_up(__m256 table, __m256i level) { return _mm256_permutevar8x32_ps(table, level); }
    static int              nearest_of(const Grid::Near & near, const float * values, const float * x, const float * w) {
        return nearest_of_8_levels(near, values, x, w);
    }
};

// A run without its signs.
template <int COUNT> struct Run {
    alignas(32) float x[COUNT];
    alignas(32) float weights[COUNT];
    alignas(32) float roots[COUNT]; // of the weights
    uint8_t signs[COUNT / 8];
    float   largest, smallest;
};

// Of eight values with an odd number of minus signs the one that counts least loses or gets one: types that store seven signs need an even
// number.
inline void make_even(const float * values, const float * weights, float * x, uint8_t & signs) {
    if (__builtin_popcount(signs) % 2 == 0) {
        return;
    }
    int   least = 0;
    float error = weights[0] * values[0] * values[0];
    for (int i = 1; i < 8; ++i) {
        const float other = weights[i] * values[i] * values[i];
        if (other < error) {
            error = other;
            least = i;
        }
    }
    x[least] = -x[least];
    signs ^= static_cast<uint8_t>(1 << least);
}

template <int COUNT, bool EVEN>
SNUG_AVX2 inline void prepare(const float * values, const float * importance, float sigma2, Run<COUNT> & run) {
    const __m256 sigma = _mm256_set1_ps(sigma2), minus = _mm256_set1_ps(-0.f);
    for (int i = 0; i < COUNT; i += LANES) {
        const __m256 x       = _mm256_loadu_ps(values + i);
        const __m256 weights = _mm256_mul_ps(_mm256_loadu_ps(importance + i), _mm256_sqrt_ps(_mm256_add_ps(sigma, _mm256_mul_ps(x, x))));
        const __m256 below   = _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_LT_OQ);
        _mm256_store_ps(run.x + i, _mm256_xor_ps(x, _mm256_and_ps(below, minus)));
        _mm256_store_ps(run.weights + i, weights);
        _mm256_store_ps(run.roots + i, _mm256_sqrt_ps(weights));
        run.signs[i / 8] = static_cast<uint8_t>(_mm256_movemask_ps(below));
        if (EVEN) {
            make_even(values + i, run.weights + i, run.x + i, run.signs[i / 8]);
            run.signs[i / 8] &= 127;
        }
    }
    run.largest  = *std::max_element(run.x, run.x + COUNT);
    run.smallest = *std::min_element(run.x, run.x + COUNT);
}

// ggml's rounding is another beyond this; only a value that counts nothing can be so far below zero. What comes near is left to ggml.
template <int COUNT> bool is_in_range(const Run<COUNT> & run) {
    constexpr float FURTHEST = 1e5f, SMALLEST = 1e-30f;
    return run.largest >= SMALLEST && -run.smallest <= FURTHEST * run.largest;
}

template <class Levels, int COUNT> struct Choice {
    static constexpr int GROUPS = COUNT / Levels::DIMENSIONS;

    float    scale;
    uint16_t patterns[GROUPS];
    bool     on_grid[GROUPS];
};

// Puts a vector on the grid by the errors under a scale, if it is not there; returns whether it was.
template <class Levels>
SNUG_AVX2 inline bool put_on_grid(const Grid & grid, const float * x, const float * roots, float scale, uint16_t & pattern) {
    const int32_t place = grid.find(pattern);
    if (place >= 0) {
        return true;
    }
    alignas(32) float values[LANES];
    _mm256_store_ps(values, _mm256_mul_ps(_mm256_set1_ps(scale), Levels::values()));
    const auto & near = grid.near(place);
    pattern           = near.patterns[Levels::nearest_of(near, values, x, roots)];
    return false;
}

template <class Levels, int COUNT, int TRIES> class Search {
    static constexpr int GROUPS  = COUNT / Levels::DIMENSIONS;
    static constexpr int VECTORS = (TRIES + LANES - 1) / LANES;

    alignas(32) float inverses[VECTORS * LANES];
    alignas(32) float sums_of_x[VECTORS * LANES];
    alignas(32) float sums_of_squares[VECTORS * LANES];
    uint16_t patterns[GROUPS][VECTORS * LANES];
    bool     on_grid[GROUPS][VECTORS * LANES];

  public:
    // Tries (MIDDLE + STEP · t) / largest for t from −TRIES / 2 to TRIES / 2; `choice` is what holds if none is better than nothing.
    SNUG_AVX2 void best(const Run<COUNT> & run, const Grid & grid, float largest, Choice<Levels, COUNT> & choice) {
        for (int i = 0; i < VECTORS * LANES; ++i) {
            inverses[i] = (Levels::MIDDLE + (std::min(i, TRIES - 1) - TRIES / 2) * Levels::STEP) / largest;
        }
        for (int group = 0; group < GROUPS; ++group) {
            round_group(run.x + group * Levels::DIMENSIONS, patterns[group]);
            for (int i = 0; i < TRIES; ++i) {
                const int first   = group * Levels::DIMENSIONS;
                on_grid[group][i] = put_on_grid<Levels>(grid, run.x + first, run.roots + first, 1 / inverses[i], patterns[group][i]);
            }
            std::fill(patterns[group] + TRIES, patterns[group] + VECTORS * LANES, uint16_t(0));
        }
        sum(run);
        float best = 0;
        int   kept = -1;
        for (int i = 0; i < TRIES; ++i) {
            if (sums_of_squares[i] > 0 && sums_of_x[i] * sums_of_x[i] > best * sums_of_squares[i]) {
                choice.scale = sums_of_x[i] / sums_of_squares[i];
                best         = choice.scale * sums_of_x[i];
                kept         = i;
            }
        }
        for (int group = 0; group < GROUPS && kept >= 0; ++group) {
            choice.patterns[group] = patterns[group][kept];
            choice.on_grid[group]  = on_grid[group][kept];
        }
    }

  private:
    // the levels of a vector under each of the tries
    SNUG_AVX2 void round_group(const float * x, uint16_t * rounded) const {
        const __m256 one = _mm256_set1_ps(1), half = _mm256_set1_ps(0.5f);
        for (int v = 0; v < VECTORS; ++v) {
            const __m256 inverse = _mm256_load_ps(inverses + v * LANES);
            __m256i      pattern = _mm256_setzero_si256();
            for (int d = 0; d < Levels::DIMENSIONS; ++d) {
                const __m256 scaled = _mm256_mul_ps(half, _mm256_sub_ps(_mm256_mul_ps(inverse, _mm256_set1_ps(x[d])), one));
                __m256i      level  = _mm256_min_epi32(_mm256_cvtps_epi32(scaled), _mm256_set1_epi32(Levels::HIGHEST));
                level               = _mm256_max_epi32(level, _mm256_setzero_si256());
                pattern             = _mm256_or_si256(pattern, _mm256_slli_epi32(level, Levels::BITS * d));
            }
            const __m128i low = _mm_packus_epi32(_mm256_castsi256_si128(pattern), _mm256_extracti128_si256(pattern, 1));
            _mm_storeu_si128(reinterpret_cast<__m128i *>(rounded + v * LANES), low);
        }
    }

    // Σ w·x·q and Σ w·q² of each try; what a value adds is looked up by its level
    SNUG_AVX2 void sum(const Run<COUNT> & run) {
        const __m256 values = Levels::values();
        __m256       of_x[VECTORS], of_squares[VECTORS];
        for (int v = 0; v < VECTORS; ++v) {
            of_x[v] = of_squares[v] = _mm256_setzero_ps();
        }
        for (int i = 0; i < COUNT; ++i) {
            const int    group = i / Levels::DIMENSIONS, shift = Levels::BITS * (i % Levels::DIMENSIONS);
            const __m256 weight  = _mm256_set1_ps(run.weights[i]);
            const __m256 x       = _mm256_mul_ps(_mm256_mul_ps(weight, _mm256_set1_ps(run.x[i])), values);
            const __m256 squares = _mm256_mul_ps(_mm256_mul_ps(weight, values), values);
            for (int v = 0; v < VECTORS; ++v) {
                const __m256i pattern =
                    _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(patterns[group] + v * LANES)));
                const __m256i level = _mm256_srl_epi32(pattern, _mm_cvtsi32_si128(shift));
                of_x[v]             = _mm256_add_ps(of_x[v], Levels::look_up(x, level));
                of_squares[v]       = _mm256_add_ps(of_squares[v], Levels::look_up(squares, level));
            }
        }
        for (int v = 0; v < VECTORS; ++v) {
            _mm256_store_ps(sums_of_x + v * LANES, of_x[v]);
            _mm256_store_ps(sums_of_squares + v * LANES, of_squares[v]);
        }
    }
};

// Puts the groups, or those that were not on the grid, there anew under the scale that was found, and makes that the best for them.
template <class Levels, int COUNT>
SNUG_AVX2 inline void choose_again(const Run<COUNT> & run, const Grid & grid, bool all, Choice<Levels, COUNT> & choice) {
    const float inverse = 1 / choice.scale;
    for (int group = 0; group < COUNT / Levels::DIMENSIONS; ++group) {
        if (!all && choice.on_grid[group]) {
            continue;
        }
        const float * x       = run.x + group * Levels::DIMENSIONS;
        uint16_t      pattern = 0;
        for (int d = 0; d < Levels::DIMENSIONS; ++d) {
            const int level = std::max(0, std::min(Levels::HIGHEST, nearest(0.5f * (inverse * x[d] - 1))));
            pattern |= static_cast<uint16_t>(level << Levels::BITS * d);
        }
        put_on_grid<Levels>(grid, x, run.roots + group * Levels::DIMENSIONS, choice.scale, pattern);
        choice.patterns[group] = pattern;
    }
    float sum_x = 0, sum_squares = 0;
    for (int i = 0; i < COUNT; ++i) {
        const int   pattern = choice.patterns[i / Levels::DIMENSIONS];
        const float value   = static_cast<float>(2 * (pattern >> Levels::BITS * (i % Levels::DIMENSIONS) & ((1 << Levels::BITS) - 1)) + 1);
        sum_x += run.weights[i] * run.x[i] * value;
        sum_squares += run.weights[i] * value * value;
    }
    choice.scale = sum_squares > 0 ? sum_x / sum_squares : choice.scale;
}

inline float mean_square(const float * values) {
    float sum = 0;
    for (int i = 0; i < BLOCK; ++i) {
        sum += values[i] * values[i];
    }
    return sum / BLOCK;
}

// half the odd multiple of a block's scale that a run's is stored as, of four bits
inline int stored_factor(float inverse, float scale) { return std::max(0, std::min(15, nearest(0.5f * (inverse * scale - 1)))); }

} // namespace snug
