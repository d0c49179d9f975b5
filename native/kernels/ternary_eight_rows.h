// What planes need of vectors of eight rows beside eight_rows.h.

namespace snug::kernels {

namespace {

SNUG_OPERATION Floats eighth(Floats a) { return _mm256_mul_ps(a, _mm256_set1_ps(0.125f)); }

SNUG_OPERATION Ints eight_times(Ints sums) { return _mm256_slli_epi32(sums, 3); }

// Of a vector of rows, which groups are shifted down.
struct Signs {
    Ints below, some; // the same, or 1 in the lowest bit: a sign that is 0 would make 0 of a factor

    SNUG_TARGET SNUG_EACH explicit Signs(Ints below) : below(below), some(_mm256_or_si256(below, _mm256_set1_epi8(1))) {}

    // factors, less than nothing where the bit is set
    template <int BIT> SNUG_TARGET SNUG_EACH Ints of(Ints factors) const {
        constexpr int UP = 7 - BIT;
        if constexpr (BIT == 0) {
            return _mm256_sign_epi8(factors, _mm256_or_si256(_mm256_slli_epi16(below, UP), _mm256_set1_epi8(1)));
        } else {
            return _mm256_sign_epi8(factors, _mm256_slli_epi16(some, UP));
        }
    }
};

// −1, 0 and 1 times factors up to 15
SNUG_OPERATION Ints times_factor(Ints weights, Ints factors) { return _mm256_sign_epi8(factors, weights); }

} // namespace

} // namespace snug::kernels
