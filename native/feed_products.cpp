// A register tile of six rows by two vectors, as BLIS and others do it; the compiler makes the variants for the vectors of a processor.
#include "feed_products.h"

#include "processor_variants.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>

namespace snug {

namespace {

constexpr int TILE_ROWS = 6;

// ROWS rows of `left` by one panel, WIDTH columns at a time
template <int ROWS, int WIDTH> SNUG_INLINE void tile(const float * left, int64_t left_step, int64_t inner, const float * panel,
                                                     float * target, int64_t target_step, float sign) {
    using Vector = typename Lanes<WIDTH>::Vector;
    for (int64_t column = 0; column < Panels::WIDTH; column += 2 * WIDTH) {
        Vector sums[ROWS][2] = {};
        for (int64_t k = 0; k < inner; ++k) {
            Vector right[2];
            std::memcpy(right, panel + k * Panels::WIDTH + column, sizeof(right));
            for (int row = 0; row < ROWS; ++row) {
                const float value = left[row * left_step + k];
                sums[row][0] += value * right[0];
                sums[row][1] += value * right[1];
            }
        }
        for (int row = 0; row < ROWS; ++row) {
            Vector out[2];
            std::memcpy(out, target + row * target_step + column, sizeof(out));
            out[0] += sign * sums[row][0];
            out[1] += sign * sums[row][1];
            std::memcpy(target + row * target_step + column, out, sizeof(out));
        }
    }
}

template <int WIDTH> SNUG_INLINE void multiply(const float * left, int64_t left_step, int64_t rows, int64_t inner, const float * panel,
                                               float * target, int64_t target_step, float sign) {
    int64_t row = 0;
    for (; row + TILE_ROWS <= rows; row += TILE_ROWS) {
        tile<TILE_ROWS, WIDTH>(left + row * left_step, left_step, inner, panel, target + row * target_step, target_step, sign);
    }
    for (; row < rows; ++row) {
        tile<1, WIDTH>(left + row * left_step, left_step, inner, panel, target + row * target_step, target_step, sign);
    }
}

using Multiply = void (*)(const float *, int64_t, int64_t, int64_t, const float *, float *, int64_t, float);
SNUG_VARIANTS(Multiply, multiply_variant, multiply,
              (const float * left, int64_t left_step, int64_t rows, int64_t inner, const float * panel, float * target, int64_t target_step,
               float sign),
              (left, left_step, rows, inner, panel, target, target_step, sign))

} // namespace

Panels::Panels(const float * values, int64_t inner, int64_t columns, int64_t row_step, int64_t column_step) :
    inner(inner), columns(columns), panels(inner * columns) {
    float * out = panels.data();
    for (int64_t first = 0; first < columns; first += WIDTH) {
        for (int64_t k = 0; k < inner; ++k) {
            const float * in = values + k * row_step + first * column_step;
            for (int64_t j = 0; j < WIDTH; ++j) {
                *out++ = in[j * column_step];
            }
        }
    }
}

void Panels::add_product(const float * left, int64_t left_step, int64_t rows, float * target, int64_t target_step, float sign) const {
    for (int64_t first = 0; first < columns; first += WIDTH) {
        multiply_variant()(left, left_step, rows, inner, panels.data() + first * inner, target + first, target_step, sign);
    }
}

void for_each_index(int threads, int64_t count, const std::function<void(int64_t)> & work) {
    std::atomic<int64_t> next{ 0 };
    std::mutex           mutex;
    std::exception_ptr   failure;
    const auto           loop = [&] {
        try {
            for (int64_t i = next++; i < count; i = next++) {
                work(i);
            }
        } catch (...) {
            std::lock_guard<std::mutex> lock(mutex);
            failure = failure ? failure : std::current_exception();
            next    = count;
        }
    };
    std::vector<std::thread> pool;
    try {
        for (int64_t i = 1; i < std::min<int64_t>(threads, count); ++i) {
            pool.emplace_back(loop);
        }
    } catch (const std::system_error &) {
        // the system has no more threads: those that started share the work
    }
    loop();
    for (auto & thread : pool) {
        thread.join();
    }
    if (failure) {
        std::rethrow_exception(failure);
    }
}

} // namespace snug
