// IQ1_S as ggml makes it (ggml-quants.c: quantize_row_iq1_s_impl): the values of a run sorted and split in three by search, each eight put on
// the grid, and one scale for the block.
#include "iq1.h"

#if defined(SNUG_SORTS_LIKE_GGML)

#    include "iq1_runs.h"

#    include <algorithm>
#    include <cfloat>
#    include <cstring>

namespace snug {

namespace {

constexpr int   RUN = 32, RUNS = BLOCK / RUN, PLACES = RUN + 1, PARTS = RUN / EIGHT;
constexpr float ALL_ZERO         = 1e-12f;
constexpr float SCALE_CORRECTION = 1.125f;

struct Block {
    ggml_fp16_t d;
    uint8_t     low[BLOCK / EIGHT];
    uint16_t    high[RUNS];
};
static_assert(sizeof(Block) == 50, "the layout of block_iq1_s");

// The runs of all lanes sorted: at which place each value lies, and sums up to each place.
template <int WIDTH> struct Sorted {
    Ints<WIDTH>   places[RUN];
    Floats<WIDTH> x[PLACES], weights[PLACES];
};

template <int WIDTH> SNUG_INLINE void sort_runs(const Floats<WIDTH> * x, const Floats<WIDTH> * weights, Sorted<WIDTH> & sorted) {
    Floats<WIDTH> weighted_at[RUN], weight_at[RUN];
    find_places<WIDTH, RUN>(x, sorted.places);
    for (int i = 0; i < RUN; ++i) {
        const Floats<WIDTH> weighted = weights[i] * x[i];
        for (int lane = 0; lane < WIDTH; ++lane) {
            const int place          = sorted.places[i][lane];
            weighted_at[place][lane] = weighted[lane];
            weight_at[place][lane]   = weights[i][lane];
        }
    }
    sorted.x[0] = sorted.weights[0] = Floats<WIDTH>{};
    for (int place = 0; place < RUN; ++place) {
        sorted.x[place + 1]       = sorted.x[place] + weighted_at[place];
        sorted.weights[place + 1] = sorted.weights[place] + weight_at[place];
    }
}

// What a split comes to with the values moved up, or down: Σ w·x·q and Σ w·q².
template <int WIDTH> struct SplitSums {
    Floats<WIDTH> x, squares;
};

// ggml's search over splits, one after the other, in each lane: one is kept whose score x²/squares is above the score kept.
template <int WIDTH> class SplitSearch {
  public:
    Floats<WIDTH> scale = {};
    Ints<WIDTH>   first = {}, second = {}, is_up = {}, found = {};

    SNUG_INLINE explicit SplitSearch(const Sorted<WIDTH> & sorted) : sorted(sorted) {
        for (int place = 0; place < PLACES; ++place) {
            const Floats<WIDTH> x = sorted.x[RUN] - sorted.x[place], weights = sorted.weights[RUN] - sorted.weights[place];
            high[0][place] = { x * UP[2], weights * UP[2] * UP[2] };
            high[1][place] = { x * DOWN[2], weights * DOWN[2] * DOWN[2] };
        }
    }

    SNUG_INLINE void run() {
        for (int i = 0; i < PLACES; ++i) {
            low[0] = { sorted.x[i] * UP[0], sorted.weights[i] * UP[0] * UP[0] };
            low[1] = { sorted.x[i] * DOWN[0], sorted.weights[i] * DOWN[0] * DOWN[0] };
            for (int j = i; j < PLACES; ++j) {
                const auto up = sums_with<0>(i, j), down = sums_with<1>(i, j);
                // where neither is above the score kept, the first does not raise it for the second
                if (any<WIDTH>(is_better(up) | is_better(down))) {
                    keep_better(up, i, j, -1);
                    keep_better(down, i, j, 0);
                }
            }
        }
    }

  private:
    const Sorted<WIDTH> & sorted;
    SplitSums<WIDTH>      low[2], high[2][PLACES]; // what values below and above the split add, moved up and down
    Floats<WIDTH>         best = -FLT_MAX - Floats<WIDTH>{};

    template <int DOWN> SNUG_INLINE SplitSums<WIDTH> sums_with(int i, int j) const {
        const Floats<WIDTH> x = (sorted.x[j] - sorted.x[i]) * DELTA, squares = (sorted.weights[j] - sorted.weights[i]) * DELTA * DELTA;
        return { (DOWN ? low[1].x - x : low[0].x + x) + high[DOWN][j].x, low[DOWN].squares + squares + high[DOWN][j].squares };
    }

    SNUG_INLINE Ints<WIDTH> is_better(const SplitSums<WIDTH> & sums) const {
        return (sums.squares > Floats<WIDTH>{}) & (sums.x * sums.x > best * sums.squares);
    }

    SNUG_INLINE void keep_better(const SplitSums<WIDTH> & sums, int i, int j, int up) {
        const Ints<WIDTH> better = is_better(sums), none = {};
        scale  = better ? sums.x / sums.squares : scale;
        best   = better ? scale * sums.x : best;
        first  = better ? none + i : first;
        second = better ? none + j : second;
        is_up  = better ? none + up : is_up;
        found |= better;
    }
};

// What was chosen for a run of each lane; a scale of 0 where there is nothing.
template <int WIDTH> struct Chosen {
    Floats<WIDTH> scale;
    Ints<WIDTH>   is_up, is_nothing;
    Ints<WIDTH>   patterns[PARTS], indices[PARTS];
};

// The levels of the split that was found, of a scale above zero.
template <int WIDTH> SNUG_INLINE void take_levels(const Sorted<WIDTH> & sorted, const SplitSearch<WIDTH> & found, Chosen<WIDTH> & chosen) {
    const Ints<WIDTH> is_below = found.scale < Floats<WIDTH>{};
    chosen.scale               = magnitude<WIDTH>(found.scale);
    chosen.is_up               = found.is_up ^ is_below;
    for (int part = 0; part < PARTS; ++part) {
        Ints<WIDTH> pattern = {};
        for (int i = 0; i < EIGHT; ++i) {
            const Ints<WIDTH> place = sorted.places[part * EIGHT + i];
            const Ints<WIDTH> level = -(place >= found.first) - (place >= found.second);
            pattern |= (is_below ? 2 - level : level) << 2 * i;
        }
        chosen.patterns[part] = pattern;
    }
}

// Puts the levels on the grid, and makes the scale of runs that were not there the best for what they became.
template <int WIDTH> SNUG_INLINE void put_on_grid(const Group<WIDTH> & group, int first, const Floats<WIDTH> * x,
                                                  const Floats<WIDTH> * weights, const Grid & grid, Chosen<WIDTH> & chosen) {
    Ints<WIDTH> on_grid = ~Ints<WIDTH>{};
    for (int part = 0; part < PARTS; ++part) {
        for (int lane = 0; lane < WIDTH; ++lane) {
            if (chosen.is_nothing[lane]) {
                continue;
            }
            float of_eight[EIGHT];
            for (int i = 0; i < EIGHT; ++i) {
                of_eight[i] = weights[part * EIGHT + i][lane];
            }
            const auto put              = put_on_grid(grid, chosen.patterns[part][lane], chosen.scale[lane], chosen.is_up[lane] ? UP : DOWN,
                                                      group.values[lane] + first + part * EIGHT, of_eight);
            chosen.indices[part][lane]  = put.index;
            chosen.patterns[part][lane] = grid.pattern(put.index);
            on_grid[lane]               = put.as_it_was ? on_grid[lane] : 0;
        }
    }
    const Floats<WIDTH> zero = {}, moved = chosen.is_up ? zero + DELTA : zero - DELTA;
    Floats<WIDTH>       sum_x = {}, sum_squares = {};
    for (int i = 0; i < RUN; ++i) {
        const Floats<WIDTH> value = to_floats<WIDTH>((chosen.patterns[i / EIGHT] >> 2 * (i % EIGHT) & 3) - 1) + moved;
        sum_x += weights[i] * value * x[i];
        sum_squares += weights[i] * value * value;
    }
    chosen.scale = (~on_grid & (sum_x > zero) & (sum_squares > zero)) ? sum_x / sum_squares : chosen.scale;
    chosen.scale = chosen.is_nothing ? zero : chosen.scale;
    chosen.is_up |= chosen.is_nothing;
}

template <int WIDTH> void store_block(const Chosen<WIDTH> * runs, int lane, Block & block) {
    float largest = 0;
    std::memset(&block, 0, sizeof(block));
    for (int run = 0; run < RUNS; ++run) {
        largest = std::max(largest, runs[run].scale[lane]);
        for (int part = 0; part < PARTS; ++part) {
            const int index               = runs[run].indices[part][lane];
            block.low[PARTS * run + part] = static_cast<uint8_t>(index & 255);
            block.high[run] |= static_cast<uint16_t>(index >> 8 << 3 * part);
        }
    }
    if (largest == 0) {
        return;
    }
    const float scale = largest / 15, inverse = 1 / scale;
    block.d = ggml_fp32_to_fp16(scale * SCALE_CORRECTION);
    for (int run = 0; run < RUNS; ++run) {
        const int factor = std::max(0, std::min(7, nearest(0.5f * (inverse * runs[run].scale[lane] - 1))));
        block.high[run] |= static_cast<uint16_t>((runs[run].is_up[lane] ? factor : factor | 8) << 12);
    }
}

struct Iq1S {
    static constexpr int    COUNT = BLOCK;
    static constexpr size_t BYTES = sizeof(Block);

    template <int WIDTH> static SNUG_INLINE void quantize(const Group<WIDTH> & group) {
        const Grid &  grid = Grid::of(GGML_TYPE_IQ1_S);
        Floats<WIDTH> x[BLOCK], weights[BLOCK];
        Chosen<WIDTH> chosen[RUNS] = {};
        Sorted<WIDTH> sorted;
        side_by_side<WIDTH>(group.values, 0, BLOCK, x);
        side_by_side<WIDTH>(group.importance, 0, BLOCK, weights);
        const Floats<WIDTH> sigma2 = 2 * sum_of_squares<WIDTH>(x) / BLOCK;
        for (int i = 0; i < BLOCK; ++i) {
            weights[i] *= root<WIDTH>(sigma2 + x[i] * x[i]);
        }
        for (int run = 0; run < RUNS; ++run) {
            const Floats<WIDTH> *of_x = x + run * RUN, *of_weights = weights + run * RUN;
            sort_runs<WIDTH>(of_x, of_weights, sorted);
            SplitSearch<WIDTH> search(sorted);
            search.run();
            take_levels<WIDTH>(sorted, search, chosen[run]);
            chosen[run].is_nothing = ~search.found | (utmost_of<WIDTH>(of_x, RUN) < ALL_ZERO);
            put_on_grid<WIDTH>(group, run * RUN, of_x, of_weights, grid, chosen[run]);
        }
        for (int lane = 0; lane < WIDTH; ++lane) {
            store_block<WIDTH>(chosen, lane, *reinterpret_cast<Block *>(group.blocks[lane]));
        }
    }
};

SNUG_QUANTIZER(side_by_side_quantizer, Iq1S)

} // namespace

Quantizer iq1_s_quantizer() { return can_search_grids() ? side_by_side_quantizer() : nullptr; }

} // namespace snug

#endif
