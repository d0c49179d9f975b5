#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace snug {

// Matrix products of float32 for error feeding: row-major, with the right-hand side arranged once and used often. Each element is summed
// in the order of k, whatever rows are multiplied together and by whatever thread.

// A matrix [inner × columns], laid out in panels of PANEL columns; `columns` is a multiple of it.
class Panels {
  public:
    static constexpr int64_t WIDTH = 32;

    Panels() = default;
    // element (k, j) is values[k * row_step + j * column_step]
    Panels(const float * values, int64_t inner, int64_t columns, int64_t row_step, int64_t column_step);

    // target [rows × columns] += sign · left [rows × inner] · this; sign is 1 or -1
    void add_product(const float * left, int64_t left_step, int64_t rows, float * target, int64_t target_step, float sign) const;

  private:
    int64_t            inner   = 0;
    int64_t            columns = 0;
    std::vector<float> panels;
};

// Runs work(0) … work(count - 1) on up to so many threads and waits for all. Rethrows the first failure.
void for_each_index(int threads, int64_t count, const std::function<void(int64_t)> & work);

} // namespace snug
