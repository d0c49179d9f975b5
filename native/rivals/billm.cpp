#include "rivals.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace snug {

namespace {

// Salient columns of a block at most: where the search of the authors' own program ends by default. Their paper names no bound.
constexpr int64_t MOST_SALIENT = 30;
// Shares of the largest weight at which small weights are parted from large ones: 0.10, 0.11, … 0.90.
constexpr int FIRST_SPLIT = 10;
constexpr int LAST_SPLIT  = 90;
constexpr int SPLITS      = LAST_SPLIT - FIRST_SPLIT + 1;

// Magnitudes that are given one sign each and one scale together. The best scale is their mean, and leaves Σw² − (Σ|w|)²/n.
struct Binarized {
    int64_t count = 0;
    double  sum   = 0;

    void add(double magnitude) {
        ++count;
        sum += magnitude;
    }
    Binarized operator+(const Binarized & other) const { return { count + other.count, sum + other.sum }; }
    Binarized operator-(const Binarized & other) const { return { count - other.count, sum - other.sum }; }
    double    gain() const { return count > 0 ? sum * sum / count : 0; }
    float     scale() const { return count > 0 ? stored_scale(static_cast<float>(sum / count)) : 0; }
};

// 128 columns of all rows: what is decided for all rows together
struct Block {
    Part                 part;
    Segment              segment;
    std::vector<int64_t> columns; // by salience, the most salient first
    int64_t              salient   = 0;
    float                threshold = 0; // of the magnitudes of those that are not salient

    const float * row(int64_t index) const { return part.row(index) + segment.first; }
};

// Adds up what add(first row, rows, sums) finds in slabs of rows, in their order: the same with any number of threads.
template <size_t N, class Add> std::array<double, N> sums_over_rows(const Part & part, const RivalWork & work, Add add) {
    std::vector<std::array<double, N>> slabs((part.rows + RivalWork::SLAB - 1) / RivalWork::SLAB);
    work.for_rows(part.rows, [&](int64_t first, int64_t count) {
        auto & sums = slabs[first / RivalWork::SLAB];
        sums.fill(0);
        add(first, count, sums);
    });
    std::array<double, N> total{};
    for (const auto & sums : slabs) {
        std::transform(sums.begin(), sums.end(), total.begin(), total.begin(), std::plus<double>());
    }
    return total;
}

template <size_t N> int64_t index_of_most(const std::array<double, N> & values) {
    return std::max_element(values.begin(), values.end()) - values.begin();
}

// Salience is w²/[H^c]², H^c the Cholesky factor of H⁻¹ (algorithm 1), whose diagonal is 1/R_jj; columns are salient as a whole.
void order_by_salience(Block & block, const float * within, const RivalWork & work) {
    const int64_t n        = block.segment.length;
    const auto    sums     = sums_over_rows<RIVAL_GROUP>(block.part, work, [&](int64_t first, int64_t count, auto & squares) {
        for (int64_t row = first; row < first + count; ++row) {
            const float * weights = block.row(row);
            for (int64_t i = 0; i < n; ++i) {
                squares[i] += static_cast<double>(weights[i]) * weights[i];
            }
        }
    });
    const auto    salience = [&](int64_t i) { return sums[i] * within[i * n + i] * within[i * n + i]; };
    block.columns.resize(n);
    std::iota(block.columns.begin(), block.columns.end(), 0);
    std::stable_sort(block.columns.begin(), block.columns.end(), [&](int64_t a, int64_t b) { return salience(a) > salience(b); });
}

// So many of the most salient columns that binarizing them apart from the others leaves least (section 3.2).
void choose_salient(Block & block, const RivalWork & work) {
    const int64_t n     = block.segment.length;
    const int64_t most  = std::min(MOST_SALIENT, n - 1);
    const auto    gains = sums_over_rows<MOST_SALIENT + 1>(block.part, work, [&](int64_t first, int64_t count, auto & sums) {
        for (int64_t row = first; row < first + count; ++row) {
            const float * weights = block.row(row);
            Binarized     all, salient;
            for (int64_t i = 0; i < n; ++i) {
                all.add(std::fabs(weights[i]));
            }
            for (int64_t k = 1; k <= most; ++k) {
                salient.add(std::fabs(weights[block.columns[k - 1]]));
                sums[k] += salient.gain() + (all - salient).gain();
            }
        }
    });
    block.salient       = n > 1 ? index_of_most(gains) : 0;
}

// Where to part the magnitudes of the others (section 3.3).
void choose_threshold(Block & block, const RivalWork & work) {
    const auto & columns = block.columns;
    float        largest = 0;
    for (int64_t row = 0; row < block.part.rows; ++row) {
        for (size_t k = block.salient; k < columns.size(); ++k) {
            largest = std::max(largest, std::fabs(block.row(row)[columns[k]]));
        }
    }
    const float to_percent = largest > 0 ? 100 / largest : 0;
    const auto  gains      = sums_over_rows<SPLITS>(block.part, work, [&](int64_t first, int64_t count, auto & sums) {
        for (int64_t row = first; row < first + count; ++row) {
            // what first becomes small at each split
            std::array<Binarized, SPLITS + 1> bins;
            for (size_t k = block.salient; k < columns.size(); ++k) {
                const float magnitude = std::fabs(block.row(row)[columns[k]]);
                const int   split     = static_cast<int>(std::ceil(magnitude * to_percent)) - FIRST_SPLIT;
                bins[std::clamp(split, 0, SPLITS)].add(magnitude);
            }
            const Binarized all = std::accumulate(bins.begin(), bins.end(), Binarized{});
            Binarized       small;
            for (int split = 0; split < SPLITS; ++split) {
                small = small + bins[split];
                sums[split] += small.gain() + (all - small).gain();
            }
        }
    });
    block.threshold        = largest * (FIRST_SPLIT + index_of_most(gains)) / 100;
}

float signed_scale(float weight, float scale) { return weight < 0 ? -scale : scale; }

// the salient weights of a row: a sign and a scale, then the same of what is left
void binarize_twice(float * weights, const Block & block) {
    Binarized first, second;
    for (int64_t k = 0; k < block.salient; ++k) {
        first.add(std::fabs(weights[block.columns[k]]));
    }
    const auto rest = [&](float weight) { return weight - signed_scale(weight, first.scale()); };
    for (int64_t k = 0; k < block.salient; ++k) {
        second.add(std::fabs(rest(weights[block.columns[k]])));
    }
    for (int64_t k = 0; k < block.salient; ++k) {
        float & weight = weights[block.columns[k]];
        weight         = signed_scale(weight, first.scale()) + signed_scale(rest(weight), second.scale());
    }
}

void binarize_in_two_groups(float * weights, const Block & block) {
    Binarized small, large;
    for (size_t k = block.salient; k < block.columns.size(); ++k) {
        const float magnitude = std::fabs(weights[block.columns[k]]);
        (magnitude <= block.threshold ? small : large).add(magnitude);
    }
    for (size_t k = block.salient; k < block.columns.size(); ++k) {
        float & weight = weights[block.columns[k]];
        weight         = signed_scale(weight, (std::fabs(weight) <= block.threshold ? small : large).scale());
    }
}

} // namespace

int64_t billm(const Part & part, const std::vector<float> & gram, RivalWork & work) {
    const Factor       factor = rival_factor(gram, part.columns, work);
    std::vector<float> errors(part.rows * part.columns, 0);
    int64_t            salient = 0;
    for (size_t s = 0; s < factor.segments().size(); ++s) {
        Block         block{ part, factor.segments()[s], {} };
        const auto    error_of = [&](int64_t row) { return errors.data() + row * part.columns; };
        const int64_t at = block.segment.first, length = block.segment.length;
        work.for_rows(part.rows, [&](int64_t first, int64_t count) {
            for (int64_t row = first; row < first + count; ++row) {
                std::copy_n(block.row(row), length, error_of(row) + at);
            }
            factor.feed(s).add_product(error_of(first), part.columns, count, part.row(first) + at, part.step, 1);
        });
        order_by_salience(block, factor.within(s), work);
        choose_salient(block, work);
        choose_threshold(block, work);
        work.for_rows(part.rows, [&](int64_t first, int64_t count) {
            for (int64_t row = first; row < first + count; ++row) {
                float * weights = part.row(row) + at;
                binarize_twice(weights, block);
                binarize_in_two_groups(weights, block);
                std::transform(error_of(row) + at, error_of(row) + at + length, weights, error_of(row) + at, std::minus<float>());
            }
            work.finished(count * length);
        });
        salient += block.salient;
    }
    return salient;
}

} // namespace snug
