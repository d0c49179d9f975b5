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

// One row of a tile and, by recursion, those below it: each has variables of its own, which the compiler keeps in registers.
template <int ROWS, int WIDTH> struct Tile {
    using Vector = typename Lanes<WIDTH>::Vector;
    Vector                first{}, second{};
    Tile<ROWS - 1, WIDTH> below;

    SNUG_INLINE void add(const float * left, int64_t left_step, const Vector & right_first, const Vector & right_second) {
        first += *left * right_first;
        second += *left * right_second;
        below.add(left + left_step, left_step, right_first, right_second);
    }

    SNUG_INLINE void store(float * target, int64_t target_step, float sign) const {
        Vector out;
        std::memcpy(&out, target, sizeof(out));
        out += sign * first;
        std::memcpy(target, &out, sizeof(out));
        std::memcpy(&out, target + WIDTH, sizeof(out));
        out += sign * second;
        std::memcpy(target + WIDTH, &out, sizeof(out));
        below.store(target + target_step, target_step, sign);
    }
};

template <int WIDTH> struct Tile<0, WIDTH> {
    using Vector = typename Lanes<WIDTH>::Vector;
    SNUG_INLINE void add(const float *, int64_t, const Vector &, const Vector &) {}
    SNUG_INLINE void store(float *, int64_t, float) const {}
};

// ROWS rows of `left` by one panel
template <int ROWS, int WIDTH> SNUG_INLINE void tile(const float * left, int64_t left_step, int64_t inner, const float * panel,
                                                     float * target, int64_t target_step, float sign) {
    for (int64_t column = 0; column < Panels::WIDTH; column += 2 * WIDTH) {
        Tile<ROWS, WIDTH> sums;
        for (int64_t k = 0; k < inner; ++k) {
            typename Lanes<WIDTH>::Vector first, second;
            std::memcpy(&first, panel + k * Panels::WIDTH + column, sizeof(first));
            std::memcpy(&second, panel + k * Panels::WIDTH + column + WIDTH, sizeof(second));
            sums.add(left + k, left_step, first, second);
        }
        sums.store(target + column, target_step, sign);
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
