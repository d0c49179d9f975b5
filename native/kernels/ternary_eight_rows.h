// What planes need of vectors of eight rows beside eight_rows.h.

namespace snug::kernels {

namespace {

SNUG_OPERATION Floats eighth(Floats a) { return _mm256_mul_ps(a, _mm256_set1_ps(0.125f)); }

template <int S> SNUG_OPERATION Ints code(Ints four) { return _mm256_and_si256(_mm256_srli_epi16(four, 2 * S), _mm256_set1_epi8(3)); }
SNUG_OPERATION Ints                  minus_one(Ints codes) { return _mm256_sub_epi8(codes, _mm256_set1_epi8(1)); }
SNUG_OPERATION Ints                  eight_times(Ints sums) { return _mm256_slli_epi32(sums, 3); }

// of a side's runs in two pieces that follow one another, in the two halves of each row's lane
SNUG_OPERATION Ints factors_of(const TernaryScales & scales, int vector, int side, int pair) {
    const __m128i even = _mm_loadl_epi64(reinterpret_cast<const __m128i *>(scales.factors[2 * pair] + vector * ROWS));
    const __m128i odd  = _mm_loadl_epi64(reinterpret_cast<const __m128i *>(scales.factors[2 * pair + 1] + vector * ROWS));
    const __m256i both = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(even, odd));
    return side == 0 ? _mm256_and_si256(both, _mm256_set1_epi16(15)) : _mm256_srli_epi16(both, 4);
}

// factors of pairs, less than nothing where the row's group is shifted down
SNUG_OPERATION Ints less_below(Ints factors, const uint16_t * below, int vector) {
    const __m256i first = _mm256_sllv_epi32(_mm256_set1_epi32(0x00010001), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    const __m256i bit   = vector == 0 ? first : _mm256_slli_epi16(first, ROWS);
    const __m256i all   = _mm256_cmpeq_epi16(_mm256_and_si256(each(below), bit), bit);
    return _mm256_sub_epi16(_mm256_xor_si256(factors, all), all);
}

// −1, 0 and 1 times factors up to 15
SNUG_OPERATION Ints times_factor(Ints weights, Ints factors) { return _mm256_sign_epi8(factors, weights); }

} // namespace

} // namespace snug::kernels
