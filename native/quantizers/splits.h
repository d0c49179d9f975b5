#pragma once

// Where ggml splits the sorted values of a run into those that become −1, 0 and 1 (ggml-quants.c: quantize_row_iq1_m_impl). It takes one
// split after the other and keeps one whose score x²/squares is above the score kept, as floats come out: which of nearly equal ones is kept
// depends on those before. That is done here with the few splits alone that come near the best; see best_split().
#include "iq1_runs.h"

#include <cfloat>

namespace snug {

struct Split {
    int   first, second, signs; // below 0: none
    float scale;
};

constexpr int RUN    = 16;
constexpr int PLACES = RUN + 1;
constexpr int SPLITS = PLACES * (PLACES + 1) / 2;

// Sums up to each place of the sorted values of runs side by side, of those from either half.
template <int WIDTH> struct Prefixes {
    Floats<WIDTH> x[2][PLACES], weights[2][PLACES];
};

// Those of one run.
class RunPrefixes {
  public:
    template <int WIDTH> RunPrefixes(const Prefixes<WIDTH> & prefixes, int lane) :
        sums_of_x(reinterpret_cast<const float *>(prefixes.x) + lane),
        sums_of_weights(reinterpret_cast<const float *>(prefixes.weights) + lane), stride(WIDTH) {}

    float x(int half, int place) const { return sums_of_x[(half * PLACES + place) * stride]; }
    float weights(int half, int place) const { return sums_of_weights[(half * PLACES + place) * stride]; }

  private:
    const float *sums_of_x, *sums_of_weights;
    int          stride;
};

// the sums of a split with signs 0: + +, 1: + −, 2: − +, 3: − −
struct SplitSums {
    float x[4], squares[4];
};

inline SplitSums sums_of_split(const RunPrefixes & run, int first, int second) {
    constexpr float up = 1 + DELTA, down = 1 - DELTA;
    constexpr float low_up = (-1 + DELTA) * (-1 + DELTA) - DELTA * DELTA, high_up = DELTA * DELTA - up * up;
    constexpr float low_down = (-1 - DELTA) * (-1 - DELTA) - DELTA * DELTA, high_down = DELTA * DELTA - down * down;
    float           x_up[2], x_down[2], squares_up[2], squares_down[2];
    for (int half = 0; half < 2; ++half) {
        const float all_x = run.x(half, RUN), all = run.weights(half, RUN);
        const float x      = run.x(half, first) + run.x(half, second);
        x_up[half]         = all_x * up - x;
        x_down[half]       = all_x * down - x;
        squares_up[half]   = all * up * up + run.weights(half, first) * low_up + run.weights(half, second) * high_up;
        squares_down[half] = all * down * down + run.weights(half, first) * low_down + run.weights(half, second) * high_down;
    }
    return { { x_up[0] + x_up[1], x_up[0] + x_down[1], x_down[0] + x_up[1], x_down[0] + x_down[1] },
             { squares_up[0] + squares_up[1], squares_up[0] + squares_down[1], squares_down[0] + squares_up[1],
               squares_down[0] + squares_down[1] } };
}

// ggml's search over splits, one after the other
class SplitSearch {
  public:
    explicit SplitSearch(const RunPrefixes & run) : run(run) {}

    Split best = { -1, -1, -1, 0 };

    void look_at(int first, int second) {
        const SplitSums sums = sums_of_split(run, first, second);
        for (int signs = 0; signs < 4; ++signs) {
            consider(first, second, signs, sums.x[signs], sums.squares[signs]);
        }
    }
    // leaves out what scores below `least`; false where a score is so near to that that it matters whether it is
    bool look_at(int first, int second, float least, float margin) {
        const SplitSums sums = sums_of_split(run, first, second);
        for (int signs = 0; signs < 4; ++signs) {
            const float score = sums.x[signs] * sums.x[signs] / sums.squares[signs];
            if (score > least * (1 - margin) && score < least * (1 + margin)) {
                return false;
            }
            if (score >= least) {
                consider(first, second, signs, sums.x[signs], sums.squares[signs]);
            }
        }
        return true;
    }

  private:
    const RunPrefixes & run;
    float               best_score = -FLT_MAX;

    void consider(int first, int second, int signs, float x, float squares) {
        if (squares > 0 && x * x > best_score * squares) {
            best       = { first, second, signs, x / squares };
            best_score = best.scale * x;
        }
    }
};

// The best score of each split [SPLITS], and of all.
template <int WIDTH> SNUG_INLINE Floats<WIDTH> score_splits(const Prefixes<WIDTH> & runs, Floats<WIDTH> * scores) {
    constexpr float up = 1 + DELTA, down = 1 - DELTA;
    constexpr float low_up = (-1 + DELTA) * (-1 + DELTA) - DELTA * DELTA, high_up = DELTA * DELTA - up * up;
    constexpr float low_down = (-1 - DELTA) * (-1 - DELTA) - DELTA * DELTA, high_down = DELTA * DELTA - down * down;
    Floats<WIDTH>   second_up[2][PLACES], second_down[2][PLACES], best = {};
    for (int half = 0; half < 2; ++half) {
        for (int place = 0; place < PLACES; ++place) {
            second_up[half][place]   = runs.weights[half][place] * high_up;
            second_down[half][place] = runs.weights[half][place] * high_down;
        }
    }
    for (int first = 0; first < PLACES; ++first) {
        Floats<WIDTH> x_up[2], x_down[2], first_up[2], first_down[2];
        for (int half = 0; half < 2; ++half) {
            const Floats<WIDTH> all = runs.weights[half][RUN];
            x_up[half]              = runs.x[half][RUN] * up;
            x_down[half]            = runs.x[half][RUN] * down;
            first_up[half]          = all * up * up + runs.weights[half][first] * low_up;
            first_down[half]        = all * down * down + runs.weights[half][first] * low_down;
        }
        for (int second = first; second < PLACES; ++second) {
            const Floats<WIDTH> x_0 = runs.x[0][first] + runs.x[0][second], x_1 = runs.x[1][first] + runs.x[1][second];
            const Floats<WIDTH> up_0 = x_up[0] - x_0, down_0 = x_down[0] - x_0, up_1 = x_up[1] - x_1, down_1 = x_down[1] - x_1;
            const Floats<WIDTH> squares_up_0 = first_up[0] + second_up[0][second], squares_down_0 = first_down[0] + second_down[0][second];
            const Floats<WIDTH> squares_up_1 = first_up[1] + second_up[1][second], squares_down_1 = first_down[1] + second_down[1][second];
            const Floats<WIDTH> x[4]       = { up_0 + up_1, up_0 + down_1, down_0 + up_1, down_0 + down_1 };
            const Floats<WIDTH> squares[4] = { squares_up_0 + squares_up_1, squares_up_0 + squares_down_1, squares_down_0 + squares_up_1,
                                               squares_down_0 + squares_down_1 };
            // fractions are compared by products: a division takes as long as many of those
            Floats<WIDTH> above = x[0] * x[0], below = squares[0];
            for (int signs = 1; signs < 4; ++signs) {
                const Floats<WIDTH> other  = x[signs] * x[signs];
                const Ints<WIDTH>   larger = other * below > above * squares[signs];
                above                      = larger ? other : above;
                below                      = larger ? squares[signs] : below;
            }
            const Floats<WIDTH> score = above / below;
            best                      = score > best ? score : best;
            *scores++                 = score;
        }
    }
    return best;
}

// Scores within NEAR of the best are looked at again, and MARGIN is more than rounding can move one.
constexpr float NEAR   = 1e-5f;
constexpr float MARGIN = 1e-6f;

// Splits by the bits of words, of each lane.
constexpr int WORD  = 32;
constexpr int WORDS = (SPLITS + WORD - 1) / WORD;
template <int WIDTH> struct NearBest {
    Ints<WIDTH> words[WORDS];
};

template <int WIDTH> SNUG_INLINE NearBest<WIDTH> near_best(const Floats<WIDTH> * scores, Floats<WIDTH> best) {
    const Floats<WIDTH> least = best * (1 - NEAR) * (1 - 2 * MARGIN);
    NearBest<WIDTH>     near;
    for (int word = 0; word < WORDS; ++word) {
        near.words[word] = Ints<WIDTH>{};
        for (int i = word * WORD; i < SPLITS && i < (word + 1) * WORD; ++i) {
            near.words[word] |= (scores[i] > least) & static_cast<int32_t>(1u << (i - word * WORD));
        }
    }
    return near;
}

// The places of a split by its number.
struct SplitPlaces {
    uint8_t first[SPLITS], second[SPLITS];

    constexpr SplitPlaces() : first(), second() {
        int split = 0;
        for (int i = 0; i < PLACES; ++i) {
            for (int j = i; j < PLACES; ++j, ++split) {
                first[split]  = static_cast<uint8_t>(i);
                second[split] = static_cast<uint8_t>(j);
            }
        }
    }
};
constexpr SplitPlaces SPLIT_PLACES;

// The split that ggml would keep of a run. A score x²/squares within MARGIN of another may or may not replace it, as rounding has it; one that
// is further below never does. So if no score lies within MARGIN of a `least` just below the best, the first split above `least` is kept
// whatever was before, those below never are after it, and they can be left out. That holds where no product leaves the range of normal
// numbers; the squares of a split lie between 1/64 and 81/64 of the sum of weights.
inline Split best_split(const RunPrefixes & run, const int32_t * near, int stride, float best_score) {
    constexpr float SMALLEST = 1e-28f, LARGEST = 1e12f;
    const float     weights = run.weights(0, RUN) + run.weights(1, RUN);
    const float     least   = best_score * (1 - NEAR);
    SplitSearch     search(run);
    bool            normal = best_score < LARGEST && weights < LARGEST && best_score * weights * std::fmin(1.f, weights) > SMALLEST;
    for (int word = 0; word < WORDS; ++word) {
        for (uint32_t bits = static_cast<uint32_t>(near[word * stride]); normal && bits != 0; bits &= bits - 1) {
            const int split = word * WORD + __builtin_ctz(bits);
            normal          = search.look_at(SPLIT_PLACES.first[split], SPLIT_PLACES.second[split], least, MARGIN);
        }
    }
    if (normal) {
        return search.best;
    }
    SplitSearch whole(run);
    for (int split = 0; split < SPLITS; ++split) {
        whole.look_at(SPLIT_PLACES.first[split], SPLIT_PLACES.second[split]);
    }
    return whole.best;
}
} // namespace snug
