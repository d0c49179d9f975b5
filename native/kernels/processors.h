#pragma once

// What the kernels are compiled for, function by function: they lie in one library and are chosen as the program runs. MSVC compiles
// every instruction in every function.

#if defined(__GNUC__) || defined(__clang__)
#    define SNUG_EACH inline __attribute__((always_inline))
#    define SNUG_APART __attribute__((noinline))
#else
#    define SNUG_EACH __forceinline
#    define SNUG_APART __declspec(noinline)
#endif

#if defined(__x86_64__) || defined(_M_X64)
#    define SNUG_X86
#    include <immintrin.h>
#    if defined(__GNUC__)
#        define SNUG_AVX2 __attribute__((target("avx2,fma,f16c")))
#        define SNUG_AVX_VNNI __attribute__((target("avx2,fma,f16c,avxvnni")))
#        define SNUG_AVX512 __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#    else
#        define SNUG_AVX2
#        define SNUG_AVX_VNNI
#        define SNUG_AVX512
#    endif
#endif

// Clang before 16 has these instructions for a whole file or not at all; on macOS it has them.
#if defined(__clang__) && __clang_major__ < 16 && !defined(__ARM_FEATURE_DOTPROD)
#elif defined(__aarch64__) || defined(_M_ARM64)
#    define SNUG_ARM
#    include <arm_neon.h>
#    if defined(__ARM_FEATURE_DOTPROD) || !(defined(__GNUC__) || defined(__clang__))
#        define SNUG_NEON
#    elif defined(__clang__)
#        define SNUG_NEON __attribute__((target("dotprod")))
#    else
// every processor with these instructions has those of 8.2 too, and GCC's headers want them named
#        define SNUG_NEON __attribute__((target("arch=armv8.2-a+dotprod")))
#    endif
#endif

// For loops that a compiler turns into vectors: AVX2 and not FMA, which would round once where ggml rounds twice.
#if defined(__x86_64__) && defined(__GNUC__)
#    define SNUG_VECTORS __attribute__((target("avx2")))
#else
#    define SNUG_VECTORS
#endif
