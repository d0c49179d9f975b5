#include "quantizers.h"

#include "asymmetric.h"
#include "iq1.h"
#include "iq2.h"
#include "iq3.h"
#include "symmetric.h"

#include <array>
#include <cmath>
#include <cstring>
#include <mutex>
#include <vector>

namespace snug {

namespace {

constexpr int64_t ROWS    = 32;
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

// Compares our blocks with those of the ggml that is linked, on values with everything in them that is treated differently. A llama.cpp that
// computes otherwise, or that was compiled to round otherwise, then quantizes by itself: slower, never different.
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
    ggml_quantize_chunk(type, values.data(), theirs.data(), 0, ROWS, COLUMNS, importance.data());
    return std::memcmp(ours.data(), theirs.data(), bytes) == 0;
}

// Our own quantizer to a type if its blocks are ggml's, compared once in a process.
Quantizer checked_quantizer(ggml_type type) {
    static std::array<std::once_flag, GGML_TYPE_COUNT> once;
    static std::array<Quantizer, GGML_TYPE_COUNT>      checked;
    std::call_once(once[type], [&] {
        const Quantizer own = own_quantizer(type);
        checked[type]       = own && makes_the_blocks_of_ggml(type, own) ? own : nullptr;
    });
    return checked[type];
}

} // namespace

Quantizer own_quantizer(ggml_type type) {
#if defined(__GNUC__)
    switch (type) {
        case GGML_TYPE_Q2_K:    return q2_k_quantizer();
        case GGML_TYPE_Q3_K:    return q3_k_quantizer();
        case GGML_TYPE_Q4_K:    return q4_k_quantizer();
        case GGML_TYPE_Q5_K:    return q5_k_quantizer();
        case GGML_TYPE_Q6_K:    return q6_k_quantizer();
        case GGML_TYPE_IQ1_M:   return iq1_m_quantizer();
        case GGML_TYPE_IQ2_XXS: return iq2_xxs_quantizer();
        case GGML_TYPE_IQ2_XS:  return iq2_xs_quantizer();
        case GGML_TYPE_IQ2_S:   return iq2_s_quantizer();
        case GGML_TYPE_IQ3_XXS: return iq3_xxs_quantizer();
        case GGML_TYPE_IQ3_S:   return iq3_s_quantizer();
        default:                return nullptr;
    }
#else
    (void)type;
    return nullptr;
#endif
}

bool has_own_quantizer(ggml_type type) { return checked_quantizer(type) != nullptr; }

size_t quantize_rows(ggml_type type, const float * values, void * blocks, int64_t rows, int64_t columns, const float * importance) {
    const Quantizer own = checked_quantizer(type);
    if (!own) {
        return ggml_quantize_chunk(type, values, blocks, 0, rows, columns, importance);
    }
    own(values, blocks, rows, columns, importance);
    return ggml_row_size(type, columns) * rows;
}

} // namespace snug
