#include "comparison.h"

#include <cmath>
#include <cstring>
#include <vector>

namespace snug {

namespace {

// so many that a rounding shows that changes one block in a few hundred
constexpr int64_t ROWS    = 256;
constexpr int64_t COLUMNS = 1024;
constexpr int64_t RUN     = 32;

// between 0 and 1, the same on every machine
class Random {
  public:
    float next() {
        state = state * 1664525u + 1013904223u;
        return static_cast<float>(state >> 8) / (1 << 24);
    }

  private:
    uint32_t state = 1;
};

// a value of one of the kinds of runs: usual, on one side of zero, all the same, zeros, tiny, and of any size
float value_of(int64_t kind, Random & random) {
    const float value = random.next() - 0.5f;
    switch (kind) {
        case 0:  return std::fabs(value);
        case 1:  return -std::fabs(value) - 0.1f;
        case 2:  return 0;
        case 3:  return -0.25f;
        case 4:  return value * 1e-6f;
        case 5:  return std::ldexp(value, static_cast<int>(random.next() * 60) - 30);
        case 6:  return std::round(value * 20) * 0.01f;
        default: return value * 0.04f;
    }
}

} // namespace

bool makes_the_blocks_of_ggml(ggml_type type, Quantizer quantizer) {
    Random             random;
    std::vector<float> values(ROWS * COLUMNS), importance(COLUMNS);
    for (int64_t i = 0; i < ROWS * COLUMNS; ++i) {
        const int64_t row = i / COLUMNS;
        // every fourth row of any sizes, every fourth so small that scales vanish in 16 bits
        values[i] = value_of(row % 4 == 1 ? 5 : i / RUN % 13, random) * (row % 4 == 3 ? 1e-12f : 1);
    }
    for (int64_t i = 0; i < COLUMNS; ++i) {
        importance[i] = i % 97 == 0 || i / RUN == 9 ? 0 : 0.01f + random.next() * 100;
    }
    const size_t         bytes = ROWS * ggml_row_size(type, COLUMNS);
    std::vector<uint8_t> ours(bytes), theirs(bytes);
    quantizer(values.data(), ours.data(), ROWS, COLUMNS, importance.data());
    quantize_by_ggml(type, values.data(), theirs.data(), ROWS, COLUMNS, importance.data());
    return std::memcmp(ours.data(), theirs.data(), bytes) == 0;
}

} // namespace snug
