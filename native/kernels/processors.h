#pragma once

// What the kernels for x86 are compiled for, function by function: they lie in one library and are chosen as the program runs. MSVC
// compiles every instruction in every function.

#if defined(__x86_64__) || defined(_M_X64)
#    define SNUG_X86
#    include <immintrin.h>
#    if defined(__GNUC__)
#        define SNUG_AVX2 __attribute__((target("avx2,fma,f16c")))
#        define SNUG_AVX_VNNI __attribute__((target("avx2,fma,f16c,avxvnni")))
#        define SNUG_AVX512 __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#        define SNUG_EACH inline __attribute__((always_inline))
#    else
#        define SNUG_AVX2
#        define SNUG_AVX_VNNI
#        define SNUG_AVX512
#        define SNUG_EACH __forceinline
#    endif
#endif

// For loops that a compiler turns into vectors: AVX2 and not FMA, which would round once where ggml rounds twice.
#if defined(__x86_64__) && defined(__GNUC__)
#    define SNUG_VECTORS __attribute__((target("avx2")))
#else
#    define SNUG_VECTORS
#endif
