// Vectors of eight rows, four bytes of each in a lane, for files that have said SNUG_OPERATION. No #pragma once: each of them compiles its
// own, and so with sixteen rows.

#include <cstdint>
#include <cstring>

namespace snug::kernels {

namespace {

using Ints   = __m256i;
using Floats = __m256;

constexpr int ROWS = 8;

SNUG_OPERATION Ints   none() { return _mm256_setzero_si256(); }
SNUG_OPERATION Ints   load(const void * from) { return _mm256_load_si256(static_cast<const __m256i *>(from)); }
SNUG_OPERATION void   save(void * to, Ints values) { _mm256_store_si256(static_cast<__m256i *>(to), values); }
SNUG_OPERATION Ints   add(Ints a, Ints b) { return _mm256_add_epi32(a, b); }
SNUG_OPERATION Ints   both(Ints a, Ints b) { return _mm256_or_si256(a, b); }
SNUG_OPERATION Ints   masked(Ints a, int8_t mask) { return _mm256_and_si256(a, _mm256_set1_epi8(mask)); }
SNUG_OPERATION Ints   less(Ints a, Ints b) { return _mm256_sub_epi8(a, b); }
SNUG_OPERATION Ints   masked_words(Ints a, uint16_t mask) { return _mm256_and_si256(a, _mm256_set1_epi16(static_cast<int16_t>(mask))); }
SNUG_OPERATION Ints   times_words(Ints a, Ints b) { return _mm256_mullo_epi16(a, b); }
SNUG_OPERATION Ints   bytes(int8_t value) { return _mm256_set1_epi8(value); }
SNUG_OPERATION Ints   times_ints(Ints a, Ints b) { return _mm256_mullo_epi32(a, b); }
SNUG_OPERATION Ints   minus(Ints a) { return _mm256_sub_epi32(none(), a); }
SNUG_OPERATION Floats times(Floats a, float b) { return _mm256_mul_ps(a, _mm256_set1_ps(b)); }
SNUG_OPERATION Floats zeros() { return _mm256_setzero_ps(); }
SNUG_OPERATION Floats plus(Floats a, Floats b) { return _mm256_add_ps(a, b); }
SNUG_OPERATION Floats add_times(Floats sum, Ints a, Floats b) { return _mm256_fmadd_ps(b, _mm256_cvtepi32_ps(a), sum); }
SNUG_OPERATION Floats load_floats(const float * from) { return _mm256_loadu_ps(from); }
SNUG_OPERATION void   store(float * to, Floats values) { _mm256_storeu_ps(to, values); }

// the same four bytes for every row
SNUG_OPERATION Ints each(const void * values) {
    int32_t four;
    std::memcpy(&four, values, sizeof(four));
    return _mm256_set1_epi32(four);
}

SNUG_OPERATION Ints minus_128_times(Ints sums) { return _mm256_slli_epi32(_mm256_sub_epi32(none(), sums), 7); }

template <int BITS> SNUG_OPERATION Ints words_down(Ints words) { return _mm256_srli_epi16(words, BITS); }
template <int BITS> SNUG_OPERATION Ints signed_words_down(Ints words) { return _mm256_srai_epi16(words, BITS); }
template <int BITS> SNUG_OPERATION Ints ints_up(Ints ints) { return _mm256_slli_epi32(ints, BITS); }
template <int BITS> SNUG_OPERATION Ints ints_down(Ints ints) { return _mm256_srai_epi32(ints, BITS); }

// Of every row's four bytes those that PLACES says, from its lowest byte on: none where it says 0x80.
template <uint32_t PLACES> SNUG_OPERATION Ints spread(Ints rows) {
    const Ints first = _mm256_setr_epi32(0, 0x04040404, 0x08080808, 0x0c0c0c0c, 0, 0x04040404, 0x08080808, 0x0c0c0c0c);
    return _mm256_shuffle_epi8(rows, add(first, _mm256_set1_epi32(static_cast<int32_t>(PLACES))));
}

// 16 bytes, and for every byte the one of them with that number
SNUG_OPERATION Ints table_of(const uint8_t * bytes) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i *>(bytes)));
}
SNUG_OPERATION Ints looked_up(Ints table, Ints numbers) { return _mm256_shuffle_epi8(table, numbers); }

// F16 of every row, times a token's scale
SNUG_OPERATION Floats scales_of(const uint16_t * from, float token) {
    const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i *>(from));
    return _mm256_mul_ps(_mm256_cvtph_ps(halves), _mm256_set1_ps(token));
}

} // namespace

} // namespace snug::kernels
