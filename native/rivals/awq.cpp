#include "rivals.h"

#include <algorithm>
#include <cmath>

namespace snug {

namespace {

// Rows that the search for alpha looks at.
constexpr int64_t SEARCH_ROWS = 128;
// Of the greatest weight of a group, what clipping leaves: from all of it down by so much at a time.
constexpr int   CLIPPINGS = 10;
constexpr float CLIPPING  = 0.05f;
// of the mean magnitude: a channel that nothing reaches is not scaled to nothing
constexpr double LEAST_MAGNITUDE = 1e-4;

// √H_jj to the power of alpha
std::vector<float> scales_of(const std::vector<float> & gram, int64_t columns, float alpha) {
    std::vector<double> magnitudes(columns);
    double              sum = 0;
    for (int64_t i = 0; i < columns; ++i) {
        magnitudes[i] = std::sqrt(std::max(0.0f, gram[i * columns + i]));
        sum += magnitudes[i];
    }
    std::vector<float> scales(columns, 1);
    for (int64_t i = 0; sum > 0 && i < columns; ++i) {
        scales[i] = static_cast<float>(std::pow(std::max(magnitudes[i], LEAST_MAGNITUDE * sum / columns), alpha));
    }
    return scales;
}

// what becomes of a group of weights [count], scaled and perhaps clipped to a share of its extremes
void quantize_group(const float * weights, const float * scales, int64_t count, int bits, float kept, float * result) {
    for (int64_t i = 0; i < count; ++i) {
        result[i] = weights[i] * scales[i];
    }
    const UniformGrid grid(UniformGrid::least(result, count) * kept, UniformGrid::greatest(result, count) * kept, bits);
    for (int64_t i = 0; i < count; ++i) {
        result[i] = grid.nearest(result[i]) / scales[i];
    }
}

std::vector<float> block_of(const std::vector<float> & gram, int64_t columns, int64_t first, int64_t length) {
    std::vector<float> block(length * length);
    for (int64_t i = 0; i < length; ++i) {
        std::copy_n(gram.data() + (first + i) * columns + first, length, block.data() + i * length);
    }
    return block;
}

struct Group {
    int64_t        first;
    int64_t        length;
    const float *  scales;
    const Panels & gram;
};

// The same group of so many rows: of the clippings that one of least output error, for each row.
void clip_rows(const Part & part, const Group & group, int bits, int64_t first, int64_t count) {
    const int64_t      n = group.length;
    std::vector<float> best(count * n), tried(count * n), errors(count * n), products(count * n);
    std::vector<float> least(count, INFINITY);
    for (int clipping = 0; clipping < CLIPPINGS; ++clipping) {
        for (int64_t row = 0; row < count; ++row) {
            const float * weights = part.row(first + row) + group.first;
            quantize_group(weights, group.scales, n, bits, 1 - CLIPPING * clipping, tried.data() + row * n);
            std::transform(weights, weights + n, tried.data() + row * n, errors.data() + row * n, std::minus<float>());
        }
        std::fill(products.begin(), products.end(), 0.0f);
        group.gram.add_product(errors.data(), n, count, products.data(), n, 1);
        for (int64_t row = 0; row < count; ++row) {
            float error = 0;
            for (int64_t i = row * n; i < (row + 1) * n; ++i) {
                error += errors[i] * products[i];
            }
            if (error < least[row]) {
                least[row] = error;
                std::copy_n(tried.data() + row * n, n, best.data() + row * n);
            }
        }
    }
    for (int64_t row = 0; row < count; ++row) {
        std::copy_n(best.data() + row * n, n, part.row(first + row) + group.first);
    }
}

} // namespace

std::vector<double> awq_errors(const Part & part, const std::vector<float> & gram, int bits, const std::vector<float> & alphas,
                               const RivalWork & work) {
    const OutputError   sample(part, gram, SEARCH_ROWS);
    std::vector<float>  errors(sample.rows() * part.columns);
    std::vector<double> result;
    for (const float alpha : alphas) {
        throw_if_aborted(work.abort);
        const auto scales = scales_of(gram, part.columns, alpha);
        for (int64_t row = 0; row < sample.rows(); ++row) {
            const float * weights = sample.row(row);
            float *       error   = errors.data() + row * part.columns;
            for (int64_t first = 0; first < part.columns; first += RIVAL_GROUP) {
                const int64_t length = std::min(RIVAL_GROUP, part.columns - first);
                quantize_group(weights + first, scales.data() + first, length, bits, 1, error + first);
            }
            std::transform(weights, weights + part.columns, error, error, std::minus<float>());
        }
        result.push_back(sample.of(errors, work.threads));
    }
    return result;
}

void awq(const Part & part, const std::vector<float> & gram, int bits, float alpha, RivalWork & work) {
    const auto scales = scales_of(gram, part.columns, alpha);
    for (int64_t first = 0; first < part.columns; first += RIVAL_GROUP) {
        const int64_t length = std::min(RIVAL_GROUP, part.columns - first);
        const auto    block  = block_of(gram, part.columns, first, length);
        const Panels  panels(block.data(), length, length, length, 1);
        const Group   group{ first, length, scales.data() + first, panels };
        work.for_rows(part.rows, [&](int64_t row, int64_t count) {
            clip_rows(part, group, bits, row, count);
            work.finished(count * length);
        });
    }
}

} // namespace snug
