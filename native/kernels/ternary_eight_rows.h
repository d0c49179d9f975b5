// Vectors of eight rows, for files that have said SNUG_OPERATION and what Ints, Floats and ROWS are (ternary_vectors.h).

namespace snug::kernels {

namespace {

SNUG_OPERATION Ints   none() { return _mm256_setzero_si256(); }
SNUG_OPERATION Ints   load(const void * from) { return _mm256_load_si256(static_cast<const __m256i *>(from)); }
SNUG_OPERATION void   save(void * to, Ints values) { _mm256_store_si256(static_cast<__m256i *>(to), values); }
SNUG_OPERATION Ints   add(Ints a, Ints b) { return _mm256_add_epi32(a, b); }
SNUG_OPERATION Floats zeros() { return _mm256_setzero_ps(); }
SNUG_OPERATION Floats plus(Floats a, Floats b) { return _mm256_add_ps(a, b); }
SNUG_OPERATION Floats eighth(Floats a) { return _mm256_mul_ps(a, _mm256_set1_ps(0.125f)); }
SNUG_OPERATION Floats add_times(Floats sum, Ints a, Floats b) { return _mm256_fmadd_ps(b, _mm256_cvtepi32_ps(a), sum); }
SNUG_OPERATION void   store(float * to, Floats values) { _mm256_storeu_ps(to, values); }

// the same four bytes for every row
SNUG_OPERATION Ints each(const void * values) {
    int32_t four;
    std::memcpy(&four, values, sizeof(four));
    return _mm256_set1_epi32(four);
}

template <int S> SNUG_OPERATION Ints code(Ints four) { return _mm256_and_si256(_mm256_srli_epi16(four, 2 * S), _mm256_set1_epi8(3)); }
SNUG_OPERATION Ints                  minus_one(Ints codes) { return _mm256_sub_epi8(codes, _mm256_set1_epi8(1)); }
SNUG_OPERATION Ints                  eight_times(Ints sums) { return _mm256_slli_epi32(sums, 3); }
SNUG_OPERATION Ints                  minus_128_times(Ints sums) { return _mm256_slli_epi32(_mm256_sub_epi32(none(), sums), 7); }

SNUG_OPERATION Floats scale_of(const TernaryScales & scales, int vector, float token) {
    const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i *>(scales.scale + vector * ROWS));
    return _mm256_mul_ps(_mm256_cvtph_ps(halves), _mm256_set1_ps(token));
}

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
