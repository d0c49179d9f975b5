#pragma once

#include "lanes.h"

namespace snug {

template <int WIDTH> SNUG_INLINE Ints<WIDTH> nearest_factor(Floats<WIDTH> value, int highest) {
    const Ints<WIDTH> factor = nearest<WIDTH>(value), high = highest - Ints<WIDTH>{};
    return factor < high ? factor : high;
}

// Σ w·(x − f/inverse)²; ggml's first try, and only that, sees a factor below zero as it is stored
template <int WIDTH, int COUNT, bool AS_STORED>
SNUG_INLINE Floats<WIDTH> error_of_factors(const Floats<WIDTH> * x, const Floats<WIDTH> * weights, Floats<WIDTH> inverse, int highest) {
    const Floats<WIDTH> scale = 1 / inverse;
    Floats<WIDTH>       error = {};
    for (int i = 0; i < COUNT; ++i) {
        const Ints<WIDTH>   factor     = AS_STORED ? nearest<WIDTH>(inverse * x[i]) & 255 : nearest_factor<WIDTH>(inverse * x[i], highest);
        const Floats<WIDTH> difference = x[i] - scale * to_floats<WIDTH>(factor);
        error += weights[i] * difference * difference;
    }
    return error;
}

template <int WIDTH> struct FactorSums {
    Floats<WIDTH> x, squares;
};

// one round through the factors, each changed where that alone is better; returns where one was
template <int WIDTH, int COUNT> SNUG_INLINE Ints<WIDTH> improve_factors(const Floats<WIDTH> * x, const Floats<WIDTH> * weights, int highest,
                                                                        FactorSums<WIDTH> & sums, Ints<WIDTH> * factors) {
    const Floats<WIDTH> zero    = {};
    Ints<WIDTH>         changed = {};
    for (int i = 0; i < COUNT; ++i) {
        const Floats<WIDTH> w = weights[i], wx = w * x[i], old = to_floats<WIDTH>(factors[i]);
        Floats<WIDTH>       other_x = sums.x - wx * old, other_squares = sums.squares - w * old * old;
        const Ints<WIDTH>   open     = (other_x > zero) & (other_squares > zero);
        const Ints<WIDTH>   factor   = nearest_factor<WIDTH>(x[i] * other_squares / other_x, highest);
        const Floats<WIDTH> as_float = to_floats<WIDTH>(factor);
        other_x += wx * as_float;
        other_squares += w * as_float * as_float;
        const Ints<WIDTH> better = open & (factor != factors[i]) & (other_x * other_x * sums.squares > sums.x * sums.x * other_squares);
        factors[i]               = better ? factor & 255 : factors[i];
        sums.x                   = better ? other_x : sums.x;
        sums.squares             = better ? other_squares : sums.squares;
        changed |= better;
    }
    return changed;
}

// make_qp_quants of ggml-quants.c: whole factors up to `highest` of one scale, which it returns, for COUNT values.
template <int WIDTH, int COUNT>
SNUG_INLINE Floats<WIDTH> fit_factors(const Floats<WIDTH> * x, const Floats<WIDTH> * weights, int highest, Ints<WIDTH> * factors) {
    const Floats<WIDTH> zero    = {};
    Floats<WIDTH>       maximum = {};
    for (int i = 0; i < COUNT; ++i) {
        maximum = maximum > x[i] ? maximum : x[i];
    }
    const Ints<WIDTH> nothing    = maximum < NOTHING;
    Floats<WIDTH>     inverse    = static_cast<float>(highest) / maximum;
    Floats<WIDTH>     best_error = error_of_factors<WIDTH, COUNT, true>(x, weights, inverse, highest);
    for (int step = -4; step <= 4; ++step) {
        if (step == 0) {
            continue;
        }
        const Floats<WIDTH> other  = (0.1f * step + highest) / maximum;
        const Floats<WIDTH> error  = error_of_factors<WIDTH, COUNT, false>(x, weights, other, highest);
        const Ints<WIDTH>   better = error < best_error;
        best_error                 = better ? error : best_error;
        inverse                    = better ? other : inverse;
    }
    FactorSums<WIDTH> sums = {};
    for (int i = 0; i < COUNT; ++i) {
        const Ints<WIDTH>   factor   = nearest_factor<WIDTH>(inverse * x[i], highest);
        const Floats<WIDTH> as_float = to_floats<WIDTH>(factor);
        factors[i]                   = factor & 255;
        sums.x += weights[i] * x[i] * as_float;
        sums.squares += weights[i] * as_float * as_float;
    }
    for (int round = 0; round < 5; ++round) {
        // where nothing changed, nothing will
        if (!any<WIDTH>(improve_factors<WIDTH, COUNT>(x, weights, highest, sums, factors) & ~nothing)) {
            break;
        }
    }
    for (int i = 0; i < COUNT; ++i) {
        factors[i] &= ~nothing;
    }
    return nothing | ~(sums.squares > zero) ? zero : sums.x / sums.squares;
}
} // namespace snug
