#include "lattice.h"
#include "processors.h"
#include "ternary_kernels.h"

#include "../backends.h"

namespace snug::kernels {

std::vector<const Family *> families() {
#if defined(SNUG_X86)
    if (has_cpu_feature("AVX512_VNNI")) {
        return { ternary_family(TERNARY_AVX512), lattice_family(LATTICE_AVX512) };
    }
    if (has_cpu_feature("AVX_VNNI")) {
        return { ternary_family(TERNARY_AVX_VNNI), lattice_family(LATTICE_AVX_VNNI) };
    }
    if (has_cpu_feature("AVX2") && has_cpu_feature("FMA") && has_cpu_feature("F16C")) {
        return { ternary_family(TERNARY_AVX2), lattice_family(LATTICE_AVX2) };
    }
#elif defined(SNUG_ARM)
    if (has_cpu_feature("DOTPROD")) {
        return { ternary_family(TERNARY_NEON) };
    }
#endif
    return {};
}

} // namespace snug::kernels
