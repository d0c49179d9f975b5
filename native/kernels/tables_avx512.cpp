// 16 rows in the lanes of a vector.
#include "processors.h"
#include "table_kernels.h"

#ifdef SNUG_X86

#    include <algorithm>
#    include <cstring>

#    define SNUG_TARGET SNUG_AVX512
#    define SNUG_OPERATION SNUG_AVX512 SNUG_EACH

#    include "sixteen_rows.h"

namespace snug::kernels {

namespace {

SNUG_OPERATION Ints load_any(const void * from) { return _mm512_loadu_si512(from); }
SNUG_OPERATION Ints add_words(Ints a, Ints b) { return _mm512_add_epi16(a, b); }
SNUG_OPERATION Ints add_pairs(Ints sum, Ints a, Ints b) { return _mm512_dpwssd_epi32(sum, a, b); }
SNUG_OPERATION Ints codes_times(Ints codes, Ints values) { return _mm512_maddubs_epi16(codes, values); }
SNUG_OPERATION Ints all_words(int word) { return _mm512_set1_epi16(static_cast<int16_t>(word)); }
SNUG_OPERATION Ints lower_pairs(Ints a, Ints b) { return _mm512_unpacklo_epi16(a, b); }
SNUG_OPERATION Ints upper_pairs(Ints a, Ints b) { return _mm512_unpackhi_epi16(a, b); }
SNUG_OPERATION Ints both_and(Ints a, int bits) { return _mm512_and_si512(a, _mm512_set1_epi32(bits)); }
SNUG_OPERATION Ints upper_half(Ints a) { return _mm512_srli_epi32(a, 16); }
SNUG_OPERATION Ints high_nibbles(Ints a) { return _mm512_srli_epi32(a, 4); }
SNUG_OPERATION Ints lower_word(Ints a) { return _mm512_srai_epi32(_mm512_slli_epi32(a, 16), 16); }
SNUG_OPERATION Ints upper_word(Ints a) { return _mm512_srai_epi32(a, 16); }

SNUG_OPERATION Ints gather(const int32_t * table, Ints entries) { return _mm512_i32gather_epi32(entries, table, sizeof(*table)); }

// eight entries of a table whose numbers are every other of these; each is copied to all lanes as it is loaded
SNUG_OPERATION __m256i eight_of(const int32_t * table, const uint16_t * numbers) {
    const auto    entry = [=](int row) SNUG_AVX512 { return _mm256_set1_epi32(table[numbers[2 * row]]); };
    const __m256i a = _mm256_blend_epi32(entry(0), entry(1), 0x02), b = _mm256_blend_epi32(entry(2), entry(3), 0x08);
    const __m256i c = _mm256_blend_epi32(entry(4), entry(5), 0x20), d = _mm256_blend_epi32(entry(6), entry(7), 0x80);
    return _mm256_blend_epi32(_mm256_blend_epi32(a, b, 0x0c), _mm256_blend_epi32(c, d, 0xc0), 0xf0);
}

SNUG_OPERATION Ints every_other(const int32_t * table, const uint16_t * numbers) {
    return _mm512_inserti64x4(_mm512_castsi256_si512(eight_of(table, numbers)), eight_of(table, numbers + ROWS), 1);
}

SNUG_OPERATION Ints pair(const void * values) {
    int16_t two;
    std::memcpy(&two, values, sizeof(two));
    return _mm512_set1_epi16(two);
}

// bytes of each lane as its words
template <int FIRST, int SECOND> SNUG_OPERATION Ints bytes_of(Ints factors) {
    constexpr int TWO  = FIRST | SECOND << 16;
    const Ints    from = _mm512_broadcast_i32x4(_mm_setr_epi32(TWO, TWO + 0x00040004, TWO + 0x00080008, TWO + 0x000c000c));
    return _mm512_maskz_shuffle_epi8(0x5555555555555555, factors, from);
}

template <int BYTE> SNUG_OPERATION Ints factor_of(Ints factors) { return bytes_of<BYTE, BYTE>(factors); }
template <int PAIR> SNUG_OPERATION Ints factors_of(Ints factors) { return bytes_of<2 * PAIR, 2 * PAIR + 1>(factors); }

SNUG_OPERATION Ints less_where_down(Ints words, Ints indices) {
    return _mm512_mask_sub_epi16(words, _mm512_test_epi16_mask(indices, _mm512_set1_epi16(ENTRIES)), none(), words);
}

struct Indices;
SNUG_OPERATION Indices indices_of(const TableIndices & from, int vector);

} // namespace

} // namespace snug::kernels

#    include "tables_vectors.h"

namespace snug::kernels {

namespace {

SNUG_OPERATION Indices indices_of(const TableIndices & from, int) {
    const __m256i both    = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(from.high));
    const Ints    nibbles = _mm512_inserti64x4(_mm512_castsi256_si512(both), _mm256_srli_epi16(both, 4), 1);
    const Ints    low = load_any(from.low), high = both_and(nibbles, 0x0f0f0f0f);
    return { { _mm512_unpacklo_epi8(low, high), _mm512_unpackhi_epi8(low, high) } };
}

} // namespace

void make_avx512(const TableGrid & grid, const int8_t * const * values, Tables & tables) { make(grid, values, tables); }

template <bool LOADING> void first_pass_avx512(const TableRun & run, Shifts shifts, const Tables & tables, TableHalves * halves) {
    first_pass<LOADING>(run, shifts, tables, halves);
}

template <bool LOADING> void second_pass_avx512(const TableRun & run, Shifts shifts, const Tables & tables, const TableHalves * halves,
                                                float scale, TableSums * sums) {
    second_pass<LOADING>(run, shifts, tables, halves, scale, sums);
}

template void first_pass_avx512<false>(const TableRun &, Shifts, const Tables &, TableHalves *);
template void first_pass_avx512<true>(const TableRun &, Shifts, const Tables &, TableHalves *);
template void second_pass_avx512<false>(const TableRun &, Shifts, const Tables &, const TableHalves *, float, TableSums *);
template void second_pass_avx512<true>(const TableRun &, Shifts, const Tables &, const TableHalves *, float, TableSums *);

} // namespace snug::kernels

#endif
