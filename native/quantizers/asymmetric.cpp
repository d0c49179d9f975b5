// Q2_K, Q4_K and Q5_K as ggml makes them (ggml-quants.c: quantize_row_q4_K_impl and its like, make_qkx3_quants), where nearly all the time
// goes into the search for the scale and minimum of each run.
#include "asymmetric.h"

#if defined(SNUG_OWN_QUANTIZERS)

#    include "asymmetric_blocks.h"
#    include "factors.h"

namespace snug {

namespace {

// ggml's search: inverse scales from (LEVELS − 0.9) / span on, a twentieth at a time
constexpr int   STEPS = 36;
constexpr float FIRST = -0.9f;
constexpr float STEP  = 0.05f;

// What was found for a run: level i is nearest(inverse · (x − from)).
template <int WIDTH> struct RunFit {
    Floats<WIDTH> scale, minimum, weight_sum;
    Floats<WIDTH> inverse, from;
    Ints<WIDTH>   flat;
};

template <int WIDTH, int COUNT> SNUG_INLINE Floats<WIDTH> weighted_error(const Floats<WIDTH> * x, const Floats<WIDTH> * weights,
                                                                         const Floats<WIDTH> * levels, Floats<WIDTH> scale,
                                                                         Floats<WIDTH> minimum) {
    Floats<WIDTH> error = {};
    for (int i = 0; i < COUNT; ++i) {
        const Floats<WIDTH> difference = scale * levels[i] + minimum - x[i];
        error += weights[i] * (difference * difference);
    }
    return error;
}

template <int WIDTH> SNUG_INLINE Floats<WIDTH> level_of(Floats<WIDTH> value, int highest) {
    return to_floats<WIDTH>(clamped<WIDTH>(nearest<WIDTH>(value), 0, highest));
}

template <int WIDTH> struct RunSums {
    Floats<WIDTH> weights, x;
};

// the scale and minimum with the least error under given levels, if they are the best so far
template <int WIDTH, int COUNT, int HIGHEST> SNUG_INLINE void try_inverse(const Floats<WIDTH> * x, const Floats<WIDTH> * weights,
                                                                          const RunSums<WIDTH> & sums, Floats<WIDTH> inverse,
                                                                          RunFit<WIDTH> & fit, Floats<WIDTH> & best_error) {
    const Floats<WIDTH> zero  = {};
    Floats<WIDTH>       sum_l = {}, sum_l2 = {}, sum_xl = {}, levels[COUNT];
    for (int i = 0; i < COUNT; ++i) {
        const Floats<WIDTH> level    = level_of<WIDTH>(inverse * (x[i] - fit.minimum), HIGHEST);
        const Floats<WIDTH> weighted = weights[i] * level;
        levels[i]                    = level;
        sum_l += weighted;
        sum_l2 += weighted * level;
        sum_xl += weighted * x[i];
    }
    const Floats<WIDTH> determinant = sums.weights * sum_l2 - sum_l * sum_l;
    Floats<WIDTH>       scale       = (sums.weights * sum_xl - sums.x * sum_l) / determinant;
    Floats<WIDTH>       minimum     = (sum_l2 * sums.x - sum_l * sum_xl) / determinant;
    const Ints<WIDTH>   above       = minimum > zero;
    minimum                         = above ? zero : minimum;
    scale                           = above ? sum_xl / sum_l2 : scale;
    const Floats<WIDTH> error       = weighted_error<WIDTH, COUNT>(x, weights, levels, scale, minimum);
    const Ints<WIDTH>   better      = (determinant > zero) & (error < best_error);
    fit.inverse                     = better ? inverse : fit.inverse;
    fit.from                        = better ? fit.minimum : fit.from;
    fit.scale                       = better ? scale : fit.scale;
    fit.minimum                     = better ? minimum : fit.minimum;
    best_error                      = better ? error : best_error;
}

template <int WIDTH, int COUNT, int HIGHEST> SNUG_INLINE RunFit<WIDTH> fit_run(const Floats<WIDTH> * x, const Floats<WIDTH> * weights) {
    const Floats<WIDTH> zero    = {};
    Floats<WIDTH>       minimum = x[0], maximum = x[0];
    RunSums<WIDTH>      sums = { weights[0], weights[0] * x[0] };
    for (int i = 1; i < COUNT; ++i) {
        minimum = x[i] < minimum ? x[i] : minimum;
        maximum = x[i] > maximum ? x[i] : maximum;
        sums.weights += weights[i];
        sums.x += weights[i] * x[i];
    }
    minimum = minimum > zero ? zero : minimum;
    RunFit<WIDTH> fit;
    fit.flat       = maximum <= minimum;
    fit.inverse    = HIGHEST / (maximum - minimum);
    fit.from       = minimum;
    fit.scale      = 1 / fit.inverse;
    fit.minimum    = minimum;
    fit.weight_sum = sums.weights;
    Floats<WIDTH> levels[COUNT];
    for (int i = 0; i < COUNT; ++i) {
        levels[i] = level_of<WIDTH>(fit.inverse * (x[i] - minimum), HIGHEST);
    }
    Floats<WIDTH> best_error = weighted_error<WIDTH, COUNT>(x, weights, levels, fit.scale, minimum);
    for (int step = 0; step <= STEPS; ++step) {
        const Floats<WIDTH> inverse = (FIRST + STEP * step + HIGHEST) / (maximum - fit.minimum);
        try_inverse<WIDTH, COUNT, HIGHEST>(x, weights, sums, inverse, fit, best_error);
    }
    fit.scale   = fit.flat ? zero : fit.scale;
    fit.minimum = -(fit.flat ? minimum : fit.minimum);
    return fit;
}

// The levels under the scales as they are stored; a run whose scale became zero keeps the ones of the search.
template <int WIDTH, class Type>
SNUG_INLINE void store_levels(const Group<WIDTH> & group, const Floats<WIDTH> * x, const RunFit<WIDTH> * fits) {
    uint8_t             levels[WIDTH][BLOCK];
    const Floats<WIDTH> zero = {};
    Floats<WIDTH>       scale_of_scales, scale_of_minimums;
    for (int lane = 0; lane < WIDTH; ++lane) {
        const auto & block      = *reinterpret_cast<const typename Type::Block *>(group.blocks[lane]);
        scale_of_scales[lane]   = ggml_fp16_to_fp32(block.d);
        scale_of_minimums[lane] = ggml_fp16_to_fp32(block.dmin);
    }
    for (int run = 0; run < Type::RUNS; ++run) {
        const auto &  fit = fits[run];
        Floats<WIDTH> scale, minimum;
        for (int lane = 0; lane < WIDTH; ++lane) {
            const auto & block = *reinterpret_cast<const typename Type::Block *>(group.blocks[lane]);
            scale[lane]        = scale_of_scales[lane] * Type::stored_scale(block, run);
            minimum[lane]      = scale_of_minimums[lane] * Type::stored_minimum(block, run);
        }
        for (int i = run * Type::RUN; i < (run + 1) * Type::RUN; ++i) {
            const Ints<WIDTH> searched = clamped<WIDTH>(nearest<WIDTH>(fit.inverse * (x[i] - fit.from)), 0, Type::HIGHEST) & ~fit.flat;
            const Ints<WIDTH> stored   = clamped<WIDTH>(nearest<WIDTH>((x[i] + minimum) / scale), 0, Type::HIGHEST);
            const Ints<WIDTH> level    = scale == zero ? searched : stored;
            for (int lane = 0; lane < WIDTH; ++lane) {
                levels[lane][i] = static_cast<uint8_t>(level[lane]);
            }
        }
    }
    for (int lane = 0; lane < WIDTH; ++lane) {
        Type::store_levels(levels[lane], *reinterpret_cast<typename Type::Block *>(group.blocks[lane]));
    }
}

template <class Type> struct Asymmetric : Type {
    static constexpr int    COUNT = BLOCK;
    static constexpr size_t BYTES = sizeof(typename Type::Block);

    template <int WIDTH> static SNUG_INLINE void quantize(const Group<WIDTH> & group) {
        constexpr int RUNS = Type::RUNS, RUN = Type::RUN;
        Floats<WIDTH> x[BLOCK], weights[RUN], scales[RUNS], minimums[RUNS], weight_sums[RUNS];
        RunFit<WIDTH> fits[RUNS];
        side_by_side<WIDTH>(group.values, 0, BLOCK, x);
        const Floats<WIDTH> sigma2 = Type::SPREAD * sum_of_squares<WIDTH>(x) / BLOCK;
        for (int run = 0; run < RUNS; ++run) {
            const Floats<WIDTH> * values = x + run * RUN;
            side_by_side<WIDTH>(group.importance, run * RUN, RUN, weights);
            for (int i = 0; i < RUN; ++i) {
                weights[i] *= root<WIDTH>(sigma2 + values[i] * values[i]);
            }
            fits[run]        = fit_run<WIDTH, RUN, Type::HIGHEST>(values, weights);
            scales[run]      = fits[run].scale;
            minimums[run]    = fits[run].minimum;
            weight_sums[run] = fits[run].weight_sum;
        }
        Ints<WIDTH>         scale_factors[RUNS], minimum_factors[RUNS];
        const Floats<WIDTH> scale   = fit_factors<WIDTH, RUNS>(scales, weight_sums, Type::HIGHEST_FACTOR, scale_factors);
        const Floats<WIDTH> minimum = fit_factors<WIDTH, RUNS>(minimums, weight_sums, Type::HIGHEST_FACTOR, minimum_factors);
        for (int lane = 0; lane < WIDTH; ++lane) {
            auto &  block = *reinterpret_cast<typename Type::Block *>(group.blocks[lane]);
            uint8_t of_scale[RUNS], of_minimum[RUNS];
            for (int run = 0; run < RUNS; ++run) {
                of_scale[run]   = static_cast<uint8_t>(scale_factors[run][lane]);
                of_minimum[run] = static_cast<uint8_t>(minimum_factors[run][lane]);
            }
            block.d    = ggml_fp32_to_fp16(scale[lane]);
            block.dmin = ggml_fp32_to_fp16(minimum[lane]);
            Type::store_factors(of_scale, of_minimum, block);
        }
        store_levels<WIDTH, Type>(group, x, fits);
    }
};

} // namespace

SNUG_QUANTIZER(q2_k_quantizer, Asymmetric<Q2K>)
SNUG_QUANTIZER(q4_k_quantizer, Asymmetric<Q4K>)
SNUG_QUANTIZER(q5_k_quantizer, Asymmetric<Q5K>)

} // namespace snug

#endif
