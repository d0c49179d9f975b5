#pragma once

#include "ternary.h"

namespace snug::kernels {

extern const TernaryKernel TERNARY_AVX512;
extern const TernaryKernel TERNARY_AVX_VNNI;
extern const TernaryKernel TERNARY_AVX2;
extern const TernaryKernel TERNARY_NEON;

} // namespace snug::kernels
