#include "ternary_kernels.h"

#include "../backends.h"

namespace snug::kernels {

namespace {

const TernaryKernel * choose() {
#if defined(__x86_64__) || defined(_M_X64)
    if (has_cpu_feature("AVX512_VNNI")) {
        return &TERNARY_AVX512;
    }
    if (has_cpu_feature("AVX_VNNI")) {
        return &TERNARY_AVX_VNNI;
    }
    if (has_cpu_feature("AVX2") && has_cpu_feature("FMA") && has_cpu_feature("F16C")) {
        return &TERNARY_AVX2;
    }
#endif
    return nullptr;
}

} // namespace

const TernaryKernel * ternary_kernel() {
    static const TernaryKernel * kernel = choose();
    return kernel;
}

} // namespace snug::kernels
