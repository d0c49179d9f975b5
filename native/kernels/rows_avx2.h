// How rows side by side are multiplied with AVX2, whose products of bytes are added by twos.

#define SNUG_TARGET SNUG_AVX2
#define SNUG_OPERATION SNUG_AVX2 SNUG_EACH

// Loops through pieces stay loops: unrolled, GCC gathers what all turns add up before it adds, in more vectors than there are.
#if defined(__GNUC__) && !defined(__clang__)
#    define SNUG_THROUGH_PIECES _Pragma("GCC unroll 1")
#else
#    define SNUG_THROUGH_PIECES
#endif

#include "eight_rows.h"

namespace snug::kernels {

namespace {

// where products take a factor that is in two bytes of four: both halves of a row's lane
constexpr uint32_t factor_places(uint32_t two) { return two | two << 16; }

SNUG_OPERATION Ints add_pairs(Ints sum, Ints a, Ints b) { return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b)); }

// −times · four values, as two halves that are added to products of pairs of columns
SNUG_OPERATION int32_t less_of(const int8_t * four, int times) {
    const auto low = static_cast<uint16_t>(-times * (four[0] + four[1])), high = static_cast<uint16_t>(-times * (four[2] + four[3]));
    return static_cast<int32_t>(low | static_cast<uint32_t>(high) << 16);
}

SNUG_OPERATION Ints products_of(Ints codes, const int8_t * values) { return _mm256_maddubs_epi16(codes, each(values)); }

SNUG_OPERATION Ints products_of(Ints codes, const int8_t * values, const int32_t * less) {
    return _mm256_add_epi16(products_of(codes, values), each(less));
}

} // namespace

} // namespace snug::kernels

#include "rows.h"
