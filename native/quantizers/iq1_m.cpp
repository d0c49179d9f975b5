// IQ1_M as ggml makes it (ggml-quants.c: quantize_row_iq1_m_impl): the values of a run sorted and split in three by search, each half put on
// the grid, and one scale for the block.
#include "iq1.h"

#if defined(SNUG_SORTS_LIKE_GGML)

#    include "splits.h"

#    include <algorithm>
#    include <cstring>

namespace snug {

namespace {

constexpr int   RUNS = 16, HALF = EIGHT;
constexpr float ALL_ZERO         = 1e-7f;
constexpr float SCALE_CORRECTION = 1.1125f;

struct Block {
    uint8_t low[BLOCK / 8];
    uint8_t high[BLOCK / 16];
    uint8_t scales[BLOCK / 32];
};
static_assert(sizeof(Block) == 56, "the layout of block_iq1_m");

const float * values_of(int signs, int half) { return (half == 0 ? signs < 2 : signs % 2 == 0) ? UP : DOWN; }

// What was chosen for the runs of a block.
struct Chosen {
    float    scales[RUNS];
    int      signs[RUNS];
    uint16_t patterns[BLOCK / HALF];
};

// Values of a run, sorted in each lane.
template <int WIDTH> struct Sorted {
    uint8_t         order[WIDTH][RUN]; // which value lies at a place
    Prefixes<WIDTH> prefixes;
};

template <int WIDTH> SNUG_INLINE void sort_run(const Floats<WIDTH> * x, const Floats<WIDTH> * weights, Sorted<WIDTH> & sorted) {
    Ints<WIDTH>   places[RUN], index_at[RUN];
    Floats<WIDTH> weighted_at[RUN], weight_at[RUN];
    find_places<WIDTH, RUN>(x, places);
    for (int i = 0; i < RUN; ++i) {
        const Floats<WIDTH> weighted = weights[i] * x[i];
        for (int lane = 0; lane < WIDTH; ++lane) {
            const int place           = places[i][lane];
            sorted.order[lane][place] = static_cast<uint8_t>(i);
            weighted_at[place][lane]  = weighted[lane];
            weight_at[place][lane]    = weights[i][lane];
            index_at[place][lane]     = i;
        }
    }
    auto & prefixes = sorted.prefixes;
    for (int half = 0; half < 2; ++half) {
        prefixes.x[half][0] = prefixes.weights[half][0] = Floats<WIDTH>{};
    }
    for (int place = 0; place < RUN; ++place) {
        const Ints<WIDTH> in_first = index_at[place] < HALF;
        for (int half = 0; half < 2; ++half) {
            const Ints<WIDTH>   mine    = half == 0 ? in_first : ~in_first;
            const Floats<WIDTH> x_until = prefixes.x[half][place], weights_until = prefixes.weights[half][place];
            prefixes.x[half][place + 1]       = mine ? x_until + weighted_at[place] : x_until;
            prefixes.weights[half][place + 1] = mine ? weights_until + weight_at[place] : weights_until;
        }
    }
}

// Puts the run on the grid as the split has it, and makes the scale the best for that.
void choose_run(const float * x, const float * weights, const uint8_t * order, const Split & split, const Grid & grid, int run,
                Chosen & chosen, Block & block) {
    uint32_t levels = 0;
    for (int place = 0; place < RUN; ++place) {
        levels += static_cast<uint32_t>((place >= split.first) + (place >= split.second)) << 2 * order[place];
    }
    levels                = split.scale < 0 ? mirrored(levels, RUN) : levels;
    uint32_t  patterns[2] = { levels & 0xffff, levels >> 16 };
    float     scale       = std::fabs(split.scale);
    const int signs       = split.scale < 0 ? 3 - split.signs : split.signs;
    bool      on_grid     = true;
    for (int half = 0; half < 2; ++half) {
        const auto [index, as_it_was] =
            put_on_grid(grid, patterns[half], scale, values_of(signs, half), x + half * HALF, weights + half * HALF);
        on_grid                         = on_grid && as_it_was;
        patterns[half]                  = grid.pattern(index);
        chosen.patterns[2 * run + half] = grid.pattern(index);
        block.low[2 * run + half]       = static_cast<uint8_t>(index & 255);
        block.high[run] |= static_cast<uint8_t>(index >> 8 << 4 * half);
    }
    if (!on_grid) {
        float sum_x = 0, sum_squares = 0;
        for (int i = 0; i < RUN; ++i) {
            const float value = values_of(signs, i / HALF)[patterns[i / HALF] >> 2 * (i % HALF) & 3];
            sum_x += weights[i] * value * x[i];
            sum_squares += weights[i] * value * value;
        }
        scale = sum_x > 0 && sum_squares > 0 ? sum_x / sum_squares : scale;
    }
    chosen.scales[run] = scale;
    chosen.signs[run]  = signs;
}

// The scales of the runs as factors of the block's, and that.
void store_scales(const float * x, const float * weights, const Chosen & chosen, Block & block) {
    constexpr uint8_t SIGN_BITS[4] = { 0x00, 0x80, 0x08, 0x88 };
    const float       largest      = *std::max_element(chosen.scales, chosen.scales + RUNS);
    if (largest == 0) {
        return;
    }
    float       scale   = largest / 15;
    const float inverse = 1 / scale;
    float       sum_x = 0, sum_squares = 0;
    uint16_t    packed[4] = {};
    for (int run = 0; run < RUNS; ++run) {
        const int factor = std::max(0, std::min(7, nearest(0.5f * (inverse * chosen.scales[run] - 1))));
        packed[run / 4] |= static_cast<uint16_t>(factor << 3 * (run % 4));
        block.high[run] |= SIGN_BITS[chosen.signs[run]];
        for (int i = run * RUN; i < (run + 1) * RUN; ++i) {
            const int   half  = i / HALF;
            const float value = values_of(chosen.signs[run], half % 2)[chosen.patterns[half] >> 2 * (i % HALF) & 3] * (2 * factor + 1);
            sum_x += weights[i] * value * x[i];
            sum_squares += weights[i] * value * value;
        }
    }
    scale                 = sum_squares > 0 ? sum_x / sum_squares : scale;
    const uint16_t stored = ggml_fp32_to_fp16(scale * SCALE_CORRECTION);
    for (int part = 0; part < 4; ++part) {
        packed[part] |= static_cast<uint16_t>((stored >> 4 * part & 15) << 12);
    }
    std::memcpy(block.scales, packed, sizeof(packed));
}

struct Iq1M {
    static constexpr int    COUNT = BLOCK;
    static constexpr size_t BYTES = sizeof(Block);

    template <int WIDTH> static SNUG_INLINE void quantize(const Group<WIDTH> & group) {
        const Grid &  grid = Grid::of(GGML_TYPE_IQ1_M);
        Floats<WIDTH> x[BLOCK], weights[BLOCK], scores[SPLITS];
        float         lane_weights[WIDTH][BLOCK];
        Chosen        chosen[WIDTH] = {};
        Sorted<WIDTH> sorted;
        side_by_side<WIDTH>(group.values, 0, BLOCK, x);
        side_by_side<WIDTH>(group.importance, 0, BLOCK, weights);
        const Floats<WIDTH> sigma2 = 2 * sum_of_squares<WIDTH>(x) / BLOCK;
        for (int i = 0; i < BLOCK; ++i) {
            weights[i] *= root<WIDTH>(sigma2 + x[i] * x[i]);
            for (int lane = 0; lane < WIDTH; ++lane) {
                lane_weights[lane][i] = weights[i][lane];
            }
        }
        for (int lane = 0; lane < WIDTH; ++lane) {
            std::memset(group.blocks[lane], 0, BYTES);
            std::fill_n(chosen[lane].patterns, BLOCK / HALF, grid.pattern(0));
        }
        for (int run = 0; run < RUNS; ++run) {
            const Floats<WIDTH> * values = x + run * RUN;
            sort_run<WIDTH>(values, weights + run * RUN, sorted);
            const Floats<WIDTH> best   = score_splits<WIDTH>(sorted.prefixes, scores);
            const auto          near   = near_best<WIDTH>(scores, best);
            const Floats<WIDTH> utmost = utmost_of<WIDTH>(values, RUN);
            for (int lane = 0; lane < WIDTH; ++lane) {
                if (utmost[lane] < ALL_ZERO) {
                    continue;
                }
                const Split split =
                    best_split({ sorted.prefixes, lane }, reinterpret_cast<const int32_t *>(near.words) + lane, WIDTH, best[lane]);
                if (split.signs >= 0) {
                    choose_run(group.values[lane] + run * RUN, lane_weights[lane] + run * RUN, sorted.order[lane], split, grid, run,
                               chosen[lane], *reinterpret_cast<Block *>(group.blocks[lane]));
                }
            }
        }
        for (int lane = 0; lane < WIDTH; ++lane) {
            store_scales(group.values[lane], lane_weights[lane], chosen[lane], *reinterpret_cast<Block *>(group.blocks[lane]));
        }
    }
};

SNUG_QUANTIZER(side_by_side_quantizer, Iq1M)

} // namespace

Quantizer iq1_m_quantizer() { return can_search_grids() ? side_by_side_quantizer() : nullptr; }

} // namespace snug

#endif
