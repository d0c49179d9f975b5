#include "rivals.h"

#include <algorithm>
#include <numeric>

namespace snug {

OutputError::OutputError(const Part & part, const std::vector<float> & gram, int64_t most_rows) :
    part(part), columns(part.columns), count(std::min(part.rows, most_rows)), gram(gram.data(), columns, columns, columns, 1),
    before(count * columns) {
    for (int64_t row = 0; row < count; ++row) {
        std::copy_n(part.row(index_of(row)), columns, before.data() + row * columns);
    }
}

double OutputError::of(const std::vector<float> & errors, int threads) const {
    constexpr int64_t   SLAB = 24;
    std::vector<double> sums((count + SLAB - 1) / SLAB);
    for_each_index(threads, sums.size(), [&](int64_t slab) {
        const int64_t      rows  = std::min(SLAB, count - slab * SLAB);
        const float *      error = errors.data() + slab * SLAB * columns;
        std::vector<float> products(rows * columns, 0);
        gram.add_product(error, columns, rows, products.data(), columns, 1);
        sums[slab] = std::inner_product(products.begin(), products.end(), error, 0.0);
    });
    return std::accumulate(sums.begin(), sums.end(), 0.0) * part.rows / count;
}

double OutputError::now(int threads) const {
    std::vector<float> errors(before);
    for (int64_t row = 0; row < count; ++row) {
        const float * after = part.row(index_of(row));
        float *       error = errors.data() + row * columns;
        for (int64_t i = 0; i < columns; ++i) {
            error[i] -= after[i];
        }
    }
    return of(errors, threads);
}

} // namespace snug
