#pragma once

// One function template over the width of a vector, compiled for the vectors of each kind of processor and chosen as the program runs.
// llama.cpp does the same with its CPU variants; those are of its own operations alone.

namespace snug {

// WIDTH floats that are added and multiplied at once
template <int WIDTH> struct Lanes;

#if defined(__GNUC__)
#    define SNUG_INLINE inline __attribute__((always_inline))
template <> struct Lanes<4> {
    typedef float Vector __attribute__((vector_size(16)));
};
template <> struct Lanes<8> {
    typedef float Vector __attribute__((vector_size(32)));
};
template <> struct Lanes<16> {
    typedef float Vector __attribute__((vector_size(64)));
};
#else
#    define SNUG_INLINE inline
template <int WIDTH> struct Lanes {
    struct Vector {
        float lanes[WIDTH];

        Vector & operator+=(const Vector & other) {
            for (int i = 0; i < WIDTH; ++i) {
                lanes[i] += other.lanes[i];
            }
            return *this;
        }
        friend Vector operator*(float value, Vector vector) {
            for (float & lane : vector.lanes) {
                lane *= value;
            }
            return vector;
        }
    };
};
#endif

} // namespace snug

#if defined(__x86_64__) && defined(__GNUC__)
#    define SNUG_VARIANTS(Type, name, body, parameters, arguments)                                                                         \
        __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw"))) void name##_avx512 parameters { body<16> arguments; }                \
        __attribute__((target("avx2,fma"))) void name##_avx2 parameters { body<8> arguments; }                                             \
        void name##_any parameters { body<4> arguments; }                                                                                  \
        Type            name() {                                                                                                           \
            static const Type chosen =                                                                                                     \
                __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")             \
                    ? name##_avx512                                                                                                        \
                : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? name##_avx2                                            \
                                                                                  : name##_any;                                            \
            return chosen;                                                                                                                 \
        }
#else
#    define SNUG_VARIANTS(Type, name, body, parameters, arguments)                                                                         \
        void name##_any parameters { body<4> arguments; }                                                                                  \
        Type            name() { return name##_any; }
#endif
