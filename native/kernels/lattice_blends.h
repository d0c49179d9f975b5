// Magnitudes of a run from a grid, with AVX2 alone.

#include "lattice.h"

namespace snug::kernels {

namespace {

// Pairs are put together as they are loaded.
template <class Index> SNUG_HERE SNUG_EACH __m256i magnitudes_of(const uint64_t * grid, const Index * index) {
    const auto pair = [=](int i) SNUG_HERE {
        const __m128d low = _mm_load_sd(reinterpret_cast<const double *>(grid + index[i]));
        return _mm_castpd_si128(_mm_loadh_pd(low, reinterpret_cast<const double *>(grid + index[i + 1])));
    };
    return _mm256_inserti128_si256(_mm256_castsi128_si256(pair(0)), pair(2), 1);
}

// Entries are copied to all lanes as they are loaded: blends take any port of the processor, inserts only one. Half of the indices are
// loaded together: their own loads are as many as the entries'.
template <class Index> SNUG_HERE SNUG_EACH __m256i magnitudes_of(const uint32_t * grid, const Index * index) {
    using Four          = std::conditional_t<sizeof(Index) == 1, uint32_t, uint64_t>;
    constexpr int BITS  = 8 * sizeof(Index);
    const auto    four  = read_as<Four>(index + 4);
    const auto    entry = [=](size_t i) SNUG_HERE { return _mm256_set1_epi32(static_cast<int32_t>(grid[i])); };
    const auto    later = [=](int i) SNUG_HERE { return entry(static_cast<Index>(four >> (BITS * i))); };
    const __m256i a     = _mm256_blend_epi32(entry(index[0]), entry(index[1]), 0x02);
    const __m256i b     = _mm256_blend_epi32(entry(index[2]), entry(index[3]), 0x08);
    const __m256i c = _mm256_blend_epi32(later(0), later(1), 0x20), d = _mm256_blend_epi32(later(2), later(3), 0x80);
    return _mm256_blend_epi32(_mm256_blend_epi32(a, b, 0x0c), _mm256_blend_epi32(c, d, 0xc0), 0xf0);
}

} // namespace

} // namespace snug::kernels
