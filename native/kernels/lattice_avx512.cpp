// In vectors of 256 bits: what is loaded bounds these kernels, and more processors load three of them at a time than two of 512.
#include "processors.h"

#ifdef SNUG_X86
#    define SNUG_HERE SNUG_AVX512
#    define SNUG_TARGET SNUG_HERE
#    define SNUG_OPERATION SNUG_HERE SNUG_EACH

#    include "lattice.h"

#    include "eight_rows.h"

namespace snug::kernels {

namespace {

constexpr int  TOGETHER    = 4;
constexpr bool ADDS_PANELS = false;

SNUG_OPERATION Ints add_fours(Ints sum, Ints positive, Ints other) { return _mm256_dpbusd_epi32(sum, positive, other); }

SNUG_HERE SNUG_EACH __m256i add_products(__m256i sums, __m256i pairs, __m256i factors) { return _mm256_dpwssd_epi32(sums, pairs, factors); }

// Entries are loaded into their lanes.
template <class Index> SNUG_HERE SNUG_EACH __m256i magnitudes_of(const uint64_t * grid, const Index * index) {
    const auto entry = [=](int i) SNUG_HERE { return static_cast<int64_t>(grid[index[i]]); };
    __m256i    all   = _mm256_set1_epi64x(entry(0));
    all              = _mm256_mask_set1_epi64(all, 0x2, entry(1));
    all              = _mm256_mask_set1_epi64(all, 0x4, entry(2));
    return _mm256_mask_set1_epi64(all, 0x8, entry(3));
}

// Two indices that lie side by side, with one load: their own loads are as many as the entries'.
template <class Index> struct IndexPair {
    using Both = std::conditional_t<sizeof(Index) == 1, uint16_t, uint32_t>;

    size_t first, second;

    explicit IndexPair(const Index * at) : IndexPair(size_t(read_as<Both>(at))) {}

  private:
    explicit IndexPair(size_t both) : first(static_cast<Index>(both)), second(both >> (8 * sizeof(Index))) {}
};

template <class Index> SNUG_HERE SNUG_EACH __m256i magnitudes_of(const uint32_t * grid, const Index * index) {
    const auto             entry = [=](size_t i) SNUG_HERE { return static_cast<int32_t>(grid[i]); };
    const IndexPair<Index> c(index + 4), d(index + 6);
    __m256i                all = _mm256_set1_epi32(entry(index[0]));
    all                        = _mm256_mask_set1_epi32(all, 0x02, entry(index[1]));
    all                        = _mm256_mask_set1_epi32(all, 0x04, entry(index[2]));
    all                        = _mm256_mask_set1_epi32(all, 0x08, entry(index[3]));
    all                        = _mm256_mask_set1_epi32(all, 0x10, entry(c.first));
    all                        = _mm256_mask_set1_epi32(all, 0x20, entry(c.second));
    all                        = _mm256_mask_set1_epi32(all, 0x40, entry(d.first));
    return _mm256_mask_set1_epi32(all, 0x80, entry(d.second));
}

} // namespace

} // namespace snug::kernels

#    include "lattice_rows.h"

#    include "lattice_panels.h"

namespace snug::kernels {

const LatticeKernel LATTICE_AVX512 = { "AVX-512", decode, batch, panels };

} // namespace snug::kernels

#endif
