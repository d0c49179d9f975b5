// What one dimension adds to the error has as many values as there are levels. They are computed once for a list, and the vectors of the list
// look them up, eight at a time in the lanes of a vector.
#include "quantizers.h"

#if defined(SNUG_OWN_QUANTIZERS)

#    include "grid_search.h"

#    include <immintrin.h>

namespace snug {

namespace {

// first of the least
SNUG_AVX2 inline int place_of_least(__m256 errors, __m256i groups) {
    alignas(32) float   error[Grid::WIDTH];
    alignas(32) int32_t group[Grid::WIDTH];
    __m256              least = _mm256_min_ps(errors, _mm256_permute2f128_ps(errors, errors, 1));
    least                     = _mm256_min_ps(least, _mm256_shuffle_ps(least, least, 0x4e));
    least                     = _mm256_min_ps(least, _mm256_shuffle_ps(least, least, 0xb1));
    unsigned lanes            = static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(errors, least, _CMP_EQ_OQ)));
    _mm256_store_ps(error, errors);
    _mm256_store_si256(reinterpret_cast<__m256i *>(group), groups);
    int place = lanes == 0 ? 0 : INT32_MAX; // none where errors are beyond all numbers: ggml would end the process
    for (; lanes != 0; lanes &= lanes - 1) {
        const int lane = __builtin_ctz(lanes), other = group[lane] * Grid::WIDTH + lane;
        place = other < place ? other : place;
    }
    return place;
}

struct Least {
    __m256  errors;
    __m256i groups;
};

SNUG_AVX2 inline void keep_less(Least & least, __m256 errors, int group) {
    const __m256 less = _mm256_cmp_ps(errors, least.errors, _CMP_LT_OQ);
    least.errors      = _mm256_blendv_ps(least.errors, errors, less);
    least.groups      = _mm256_blendv_epi8(least.groups, _mm256_set1_epi32(group), _mm256_castps_si256(less));
}

SNUG_AVX2 inline __m256 terms(__m256 values, float x, float w) {
    const __m256 difference = _mm256_sub_ps(values, _mm256_set1_ps(x));
    return _mm256_mul_ps(_mm256_mul_ps(_mm256_set1_ps(w), difference), difference);
}

} // namespace

bool can_search_grids() { return __builtin_cpu_supports("avx2"); }

SNUG_AVX2 int nearest_of_3_levels(const Grid::Near & near, const float * values, const float * x, const float * w) {
    const __m256 of_levels = _mm256_setr_ps(values[0], values[1], values[2], 0, values[0], values[1], values[2], 0);
    __m256       table[8];
    for (int d = 0; d < 8; ++d) {
        table[d] = terms(of_levels, x[d], w[d]);
    }
    Least least = { _mm256_set1_ps(__FLT_MAX__), _mm256_setzero_si256() };
    for (int group = 0; group < near.groups; ++group) {
        const __m256i pattern =
            _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(near.patterns + group * Grid::WIDTH)));
        __m256 errors = _mm256_permutevar_ps(table[0], pattern);
        errors        = _mm256_add_ps(errors, _mm256_permutevar_ps(table[1], _mm256_srli_epi32(pattern, 2)));
        errors        = _mm256_add_ps(errors, _mm256_permutevar_ps(table[2], _mm256_srli_epi32(pattern, 4)));
        errors        = _mm256_add_ps(errors, _mm256_permutevar_ps(table[3], _mm256_srli_epi32(pattern, 6)));
        errors        = _mm256_add_ps(errors, _mm256_permutevar_ps(table[4], _mm256_srli_epi32(pattern, 8)));
        errors        = _mm256_add_ps(errors, _mm256_permutevar_ps(table[5], _mm256_srli_epi32(pattern, 10)));
        errors        = _mm256_add_ps(errors, _mm256_permutevar_ps(table[6], _mm256_srli_epi32(pattern, 12)));
        errors        = _mm256_add_ps(errors, _mm256_permutevar_ps(table[7], _mm256_srli_epi32(pattern, 14)));
        keep_less(least, errors, group);
    }
    return place_of_least(least.errors, least.groups);
}

SNUG_AVX2 int nearest_of_8_levels(const Grid::Near & near, const float * values, const float * x, const float * w) {
    const __m256 of_levels = _mm256_loadu_ps(values);
    const __m256 first = terms(of_levels, x[0], w[0]), second = terms(of_levels, x[1], w[1]);
    const __m256 third = terms(of_levels, x[2], w[2]), fourth = terms(of_levels, x[3], w[3]);
    Least        least = { _mm256_set1_ps(__FLT_MAX__), _mm256_setzero_si256() };
    for (int group = 0; group < near.groups; ++group) {
        const __m256i pattern =
            _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(near.patterns + group * Grid::WIDTH)));
        __m256 errors = _mm256_permutevar8x32_ps(first, pattern);
        errors        = _mm256_add_ps(errors, _mm256_permutevar8x32_ps(second, _mm256_srli_epi32(pattern, 3)));
        errors        = _mm256_add_ps(errors, _mm256_permutevar8x32_ps(third, _mm256_srli_epi32(pattern, 6)));
        errors        = _mm256_add_ps(errors, _mm256_permutevar8x32_ps(fourth, _mm256_srli_epi32(pattern, 9)));
        keep_less(least, errors, group);
    }
    return place_of_least(least.errors, least.groups);
}

} // namespace snug

#endif
