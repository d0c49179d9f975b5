#include "kquants.h"
#include "lattice.h"
#include "levels.h"
#include "processors.h"
#include "tables_family.h"
#include "ternary_kernels.h"

#include "../backends.h"

namespace snug::kernels {

namespace {

#if defined(SNUG_X86)
std::vector<const Family *> of_x86(const TernaryKernel & planes, const LatticeKernel & lattice, const LevelsKernel & levels,
                                   const KQuantKernel & kquants) {
    std::vector<const Family *> families{ ternary_family(planes), lattice_family(lattice), levels_family(levels), kquant_family(kquants) };
    if (const auto * tables = tables_family(planes)) {
        families.push_back(tables);
    }
    return families;
}
#endif

} // namespace

std::vector<const Family *> families() {
#if defined(SNUG_X86)
    if (has_cpu_feature("AVX512_VNNI")) {
        return of_x86(TERNARY_AVX512, LATTICE_AVX512, LEVELS_AVX512, KQUANTS_AVX512);
    }
    if (has_cpu_feature("AVX_VNNI")) {
        return of_x86(TERNARY_AVX_VNNI, LATTICE_AVX_VNNI, LEVELS_AVX_VNNI, KQUANTS_AVX_VNNI);
    }
    if (has_cpu_feature("AVX2") && has_cpu_feature("FMA") && has_cpu_feature("F16C")) {
        return of_x86(TERNARY_AVX2, LATTICE_AVX2, LEVELS_AVX2, KQUANTS_AVX2);
    }
#elif defined(SNUG_ARM)
    if (has_cpu_feature("DOTPROD")) {
        const auto & kquants = has_cpu_feature("SVE") ? KQUANTS_BESIDE_SVE : KQUANTS_NEON;
        return { ternary_family(TERNARY_NEON), lattice_family(LATTICE_NEON), kquant_family(kquants) };
    }
#endif
    return {};
}

} // namespace snug::kernels
