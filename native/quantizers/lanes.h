#pragma once

// Independent blocks side by side in the lanes of vectors. Each lane does what ggml does for one block, on the same numbers in the same
// order, so that sums, and blocks, are the same to the bit. Files that use it are compiled without contraction to fused multiply-adds,
// which would round once where ggml rounds twice.
#include "../processor_variants.h"
#include "quantizers.h"

#include <cmath>
#include <cstdint>
#include <cstring>

namespace snug {

// ggml's way to round, also for what does not fit: adding this leaves the integer in the lowest bits
constexpr float   ROUNDER    = 12582912.f;
constexpr int32_t LOW_BITS   = 0x007fffff;
constexpr int32_t LOW_OFFSET = 0x00400000;
// what ggml takes for zero
constexpr float NOTHING = 1e-15f;

constexpr int BLOCK = 256;

inline int nearest(float value) {
    const float sum = value + ROUNDER;
    int32_t     bits;
    std::memcpy(&bits, &sum, sizeof(bits));
    return (bits & LOW_BITS) - LOW_OFFSET;
}

template <int WIDTH> struct IntegerLanes {
    typedef int32_t Vector __attribute__((vector_size(WIDTH * sizeof(int32_t))));
};
template <int WIDTH> using Floats = typename Lanes<WIDTH>::Vector;
template <int WIDTH> using Ints   = typename IntegerLanes<WIDTH>::Vector;

template <int WIDTH> SNUG_INLINE Floats<WIDTH> to_floats(Ints<WIDTH> value) { return __builtin_convertvector(value, Floats<WIDTH>); }

template <int WIDTH> SNUG_INLINE Ints<WIDTH> nearest(Floats<WIDTH> value) {
    const Floats<WIDTH> sum = value + ROUNDER;
    return ((Ints<WIDTH>)sum & LOW_BITS) - LOW_OFFSET;
}

template <int WIDTH> SNUG_INLINE Ints<WIDTH> clamped(Ints<WIDTH> value, int lowest, int highest) {
    const Ints<WIDTH> low = lowest - Ints<WIDTH>{}, high = highest - Ints<WIDTH>{};
    value = value < high ? value : high;
    return value > low ? value : low;
}

template <int WIDTH> SNUG_INLINE Floats<WIDTH> magnitude(Floats<WIDTH> value) { return (Floats<WIDTH>)((Ints<WIDTH>)value & 0x7fffffff); }

template <int WIDTH> SNUG_INLINE bool any(Ints<WIDTH> condition) {
    int32_t some = 0;
    for (int lane = 0; lane < WIDTH; ++lane) {
        some |= condition[lane];
    }
    return some != 0;
}

template <int WIDTH> SNUG_INLINE Floats<WIDTH> root(Floats<WIDTH> value) {
    for (int lane = 0; lane < WIDTH; ++lane) {
        value[lane] = std::sqrt(value[lane]);
    }
    return value;
}

// Blocks of values, one to a lane.
template <int WIDTH> struct Group {
    const float * values[WIDTH];
    const float * importance[WIDTH];
    uint8_t *     blocks[WIDTH];
};

// `count` values of each lane's source from `first` on
template <int WIDTH> SNUG_INLINE void side_by_side(const float * const * sources, int first, int count, Floats<WIDTH> * lanes) {
    for (int i = 0; i < count; ++i) {
        for (int lane = 0; lane < WIDTH; ++lane) {
            lanes[i][lane] = sources[lane][first + i];
        }
    }
}

template <int WIDTH> SNUG_INLINE Floats<WIDTH> sum_of_squares(const Floats<WIDTH> * values, int count = BLOCK) {
    Floats<WIDTH> sum = {};
    for (int i = 0; i < count; ++i) {
        sum += values[i] * values[i];
    }
    return sum;
}

// Calls Type::quantize for all blocks of [rows × columns] values; lanes for which none are left do the last one again.
template <int WIDTH, class Type>
SNUG_INLINE void each_group(const float * values, void * blocks, int64_t rows, int64_t columns, const float * importance) {
    const int64_t      per_row = columns / Type::COUNT, count = rows * per_row;
    alignas(4) uint8_t spare[Type::BYTES];
    for (int64_t first = 0; first < count; first += WIDTH) {
        Group<WIDTH> group;
        for (int lane = 0; lane < WIDTH; ++lane) {
            const bool    left     = first + lane < count;
            const int64_t block    = left ? first + lane : count - 1;
            group.values[lane]     = values + block * Type::COUNT;
            group.importance[lane] = importance + block % per_row * Type::COUNT;
            group.blocks[lane]     = left ? static_cast<uint8_t *>(blocks) + block * Type::BYTES : spare;
        }
        Type::template quantize<WIDTH>(group);
    }
}

} // namespace snug

// A Quantizer of blocks side by side, for the vectors of this processor. Twice as many blocks, with those of AVX-512, were slower: they
// leave less of the nearest cache.
#define SNUG_QUANTIZER(name, Type)                                                                                                         \
    __attribute__((target("avx2"))) static void name##_avx2(const float * values, void * blocks, int64_t rows, int64_t columns,            \
                                                            const float * importance) {                                                    \
        each_group<8, Type>(values, blocks, rows, columns, importance);                                                                    \
    }                                                                                                                                      \
    static void name##_any(const float * values, void * blocks, int64_t rows, int64_t columns, const float * importance) {                 \
        each_group<4, Type>(values, blocks, rows, columns, importance);                                                                    \
    }                                                                                                                                      \
    Quantizer name() { return __builtin_cpu_supports("avx2") ? name##_avx2 : name##_any; }
