#include "feed_factor.h"

#include <algorithm>
#include <cmath>

namespace snug {

namespace {

constexpr int64_t STRIP_ROWS = 192; // of a thread at a time

std::vector<Segment> segments_of(const std::vector<float> & gram, int64_t columns, Order order, int64_t length) {
    std::vector<Segment> segments;
    for (int64_t first = 0; first < columns; first += length) {
        segments.push_back({ first, std::min(length, columns - first) });
    }
    if (order == Order::by_trace) {
        const auto mean_square = [&](const Segment & segment) {
            double trace = 0;
            for (int64_t i = segment.first; i < segment.first + segment.length; ++i) {
                trace += gram[i * columns + i];
            }
            return trace / segment.length;
        };
        std::stable_sort(segments.begin(), segments.end(),
                         [&](const Segment & a, const Segment & b) { return mean_square(a) > mean_square(b); });
    }
    return segments;
}

double mean_diagonal(const std::vector<float> & gram, int64_t columns) {
    double sum = 0;
    for (int64_t i = 0; i < columns; ++i) {
        sum += gram[i * columns + i];
    }
    return sum / columns;
}

// the matrix with its segments in order, and damped
std::vector<float> arranged(const std::vector<float> & gram, int64_t columns, const std::vector<Segment> & segments, float added) {
    std::vector<float> result(columns * columns);
    float *            out = result.data();
    for (const auto & rows : segments) {
        for (int64_t row = rows.first; row < rows.first + rows.length; ++row) {
            for (const auto & part : segments) {
                out = std::copy_n(gram.data() + row * columns + part.first, part.length, out);
            }
        }
    }
    for (int64_t i = 0; i < columns; ++i) {
        result[i * columns + i] += added;
    }
    return result;
}

// Of D = Lᵀ·L, L lower triangular, D [n × n] of which the lower triangle is read. L is Rᵀ. Returns false where D is not positive definite.
bool transposed_factor(std::vector<double> & d, int64_t n) {
    for (int64_t j = n - 1; j >= 0; --j) {
        double * row = d.data() + j * n;
        if (!(row[j] > 0) || !std::isfinite(row[j])) {
            return false;
        }
        const double root = std::sqrt(row[j]);
        row[j]            = root;
        for (int64_t i = 0; i < j; ++i) {
            row[i] /= root;
        }
        for (int64_t i = 0; i < j; ++i) {
            double *     other = d.data() + i * n;
            const double value = row[i];
            for (int64_t k = 0; k <= i; ++k) {
                other[k] -= value * row[k];
            }
        }
    }
    return true;
}

// L⁻¹ [n × n], zero above its diagonal
std::vector<double> inverse_of_lower(const std::vector<double> & lower, int64_t n) {
    std::vector<double> inverse(n * n, 0);
    for (int64_t i = 0; i < n; ++i) {
        double * row = inverse.data() + i * n;
        row[i]       = 1;
        for (int64_t k = 0; k < i; ++k) {
            const double   value = lower[i * n + k];
            const double * above = inverse.data() + k * n;
            for (int64_t j = 0; j <= k; ++j) {
                row[j] -= value * above[j];
            }
        }
        for (int64_t j = 0; j <= i; ++j) {
            row[j] /= lower[i * n + i];
        }
    }
    return inverse;
}

// a segment's block of the diagonal, factored
struct Diagonal {
    std::vector<float> upper;   // R_bb
    std::vector<float> inverse; // L⁻¹, so that R_bb⁻¹ is its transpose
};

bool factor_diagonal(const float * block, int64_t step, int64_t n, Diagonal & result) {
    std::vector<double> lower(n * n);
    for (int64_t i = 0; i < n; ++i) {
        std::copy_n(block + i * step, n, lower.data() + i * n);
    }
    if (!transposed_factor(lower, n)) {
        return false;
    }
    const auto inverse = inverse_of_lower(lower, n);
    result.inverse.assign(inverse.begin(), inverse.end());
    result.upper.assign(n * n, 0);
    for (int64_t i = 0; i < n; ++i) {
        for (int64_t j = i; j < n; ++j) {
            result.upper[i * n + j] = static_cast<float>(lower[j * n + i]);
        }
    }
    return true;
}

// left [rows × n] · right, in strips that threads share
std::vector<float> product(const float * left, int64_t step, int64_t rows, int64_t n, const Panels & right, int threads) {
    std::vector<float> result(rows * n, 0);
    for_each_index(threads, (rows + STRIP_ROWS - 1) / STRIP_ROWS, [&](int64_t strip) {
        const int64_t first = strip * STRIP_ROWS;
        right.add_product(left + first * step, step, std::min(STRIP_ROWS, rows - first), result.data() + first * n, n, 1);
    });
    return result;
}

} // namespace

Factor::Factor(const std::vector<float> & gram, int64_t columns, float damping, Order wanted, int threads, const Abort & abort,
               int64_t segment_length) : order(segments_of(gram, columns, wanted, segment_length)) {
    auto matrix = arranged(gram, columns, order, static_cast<float>(damping * mean_diagonal(gram, columns)));
    feeds.resize(order.size());
    diagonals.resize(order.size());
    is_sound = factor(matrix, columns, threads, abort);
}

// From the last segment to the first. `matrix` is used up.
bool Factor::factor(std::vector<float> & matrix, int64_t columns, int threads, const Abort & abort) {
    int64_t end = columns;
    for (size_t b = order.size(); b-- > 0;) {
        throw_if_aborted(abort);
        const int64_t n = order[b].length, first = end - n;
        Diagonal      diagonal;
        if (!factor_diagonal(matrix.data() + first * columns + first, columns, n, diagonal)) {
            return false;
        }
        // R_ab = H_ab·R_bb⁻ᵀ of the segments before, then what it takes from their own blocks
        const Panels transposed(diagonal.inverse.data(), n, n, n, 1), inverse(diagonal.inverse.data(), n, n, 1, n);
        const auto   above = product(matrix.data() + first, columns, first, n, transposed, threads);
        const auto   feed  = product(above.data(), n, first, n, inverse, threads);
        feeds[b]           = Panels(feed.data(), first, n, n, 1);
        for_each_index(threads, static_cast<int64_t>(b), [&](int64_t index) {
            // the widest first, so that threads end together
            const int64_t a = static_cast<int64_t>(b) - 1 - index, length = order[a].length;
            int64_t       start = 0;
            for (int64_t i = 0; i < a; ++i) {
                start += order[i].length;
            }
            Panels(above.data() + start * n, n, length, 1, n)
                .add_product(above.data(), n, start + length, matrix.data() + start, columns, -1);
        });
        diagonals[b] = std::move(diagonal.upper);
        end          = first;
    }
    return true;
}

} // namespace snug
