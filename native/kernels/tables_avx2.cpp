// Eight rows in the lanes of a vector.
#include "processors.h"
#include "table_kernels.h"

#ifdef SNUG_X86

#    include <cstring>

#    define SNUG_TARGET SNUG_AVX2
#    define SNUG_OPERATION SNUG_AVX2 SNUG_EACH

namespace snug::kernels {

namespace {

using Ints   = __m256i;
using Floats = __m256;

constexpr int ROWS = 8;

SNUG_OPERATION Ints   none() { return _mm256_setzero_si256(); }
SNUG_OPERATION Ints   load(const void * from) { return _mm256_load_si256(static_cast<const __m256i *>(from)); }
SNUG_OPERATION Ints   load_any(const void * from) { return _mm256_loadu_si256(static_cast<const __m256i *>(from)); }
SNUG_OPERATION Floats load_floats(const float * from) { return _mm256_load_ps(from); }
SNUG_OPERATION void   save(void * to, Ints values) { _mm256_store_si256(static_cast<__m256i *>(to), values); }
SNUG_OPERATION void   store(float * to, Floats values) { _mm256_store_ps(to, values); }
SNUG_OPERATION Ints   add(Ints a, Ints b) { return _mm256_add_epi32(a, b); }
SNUG_OPERATION Ints   add_words(Ints a, Ints b) { return _mm256_add_epi16(a, b); }
SNUG_OPERATION Ints   times_words(Ints a, Ints b) { return _mm256_mullo_epi16(a, b); }
SNUG_OPERATION Ints   add_pairs(Ints sum, Ints a, Ints b) { return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b)); }
SNUG_OPERATION Ints   codes_times(Ints codes, Ints values) { return _mm256_maddubs_epi16(codes, values); }
SNUG_OPERATION Ints   all_words(int word) { return _mm256_set1_epi16(static_cast<int16_t>(word)); }
SNUG_OPERATION Ints   lower_pairs(Ints a, Ints b) { return _mm256_unpacklo_epi16(a, b); }
SNUG_OPERATION Ints   upper_pairs(Ints a, Ints b) { return _mm256_unpackhi_epi16(a, b); }
SNUG_OPERATION Ints   both_and(Ints a, int bits) { return _mm256_and_si256(a, _mm256_set1_epi32(bits)); }
SNUG_OPERATION Ints   upper_half(Ints a) { return _mm256_srli_epi32(a, 16); }
SNUG_OPERATION Ints   high_nibbles(Ints a) { return _mm256_srli_epi32(a, 4); }
SNUG_OPERATION Ints   lower_word(Ints a) { return _mm256_srai_epi32(_mm256_slli_epi32(a, 16), 16); }
SNUG_OPERATION Ints   upper_word(Ints a) { return _mm256_srai_epi32(a, 16); }
SNUG_OPERATION Floats add_times(Floats sum, Ints a, Floats b) { return _mm256_fmadd_ps(b, _mm256_cvtepi32_ps(a), sum); }

SNUG_OPERATION Ints gather(const int32_t * table, Ints entries) { return _mm256_i32gather_epi32(table, entries, sizeof(*table)); }

// the same four bytes for every row
SNUG_OPERATION Ints each(const void * values) {
    int32_t four;
    std::memcpy(&four, values, sizeof(four));
    return _mm256_set1_epi32(four);
}

SNUG_OPERATION Ints pair(const void * values) {
    int16_t two;
    std::memcpy(&two, values, sizeof(two));
    return _mm256_set1_epi16(two);
}

// bytes of each lane as its words
template <int FIRST, int SECOND> SNUG_OPERATION Ints bytes_of(Ints factors) {
    constexpr uint32_t TWO  = FIRST | SECOND << 16 | 0x80008000; // the upper bytes are to be 0
    const __m128i      from = _mm_add_epi32(_mm_set1_epi32(static_cast<int>(TWO)), _mm_setr_epi32(0, 0x00040004, 0x00080008, 0x000c000c));
    return _mm256_shuffle_epi8(factors, _mm256_broadcastsi128_si256(from));
}

template <int BYTE> SNUG_OPERATION Ints factor_of(Ints factors) { return bytes_of<BYTE, BYTE>(factors); }
template <int PAIR> SNUG_OPERATION Ints factors_of(Ints factors) { return bytes_of<2 * PAIR, 2 * PAIR + 1>(factors); }

SNUG_OPERATION Ints less_where_down(Ints words, Ints indices) {
    return _mm256_sign_epi16(words, _mm256_or_si256(_mm256_slli_epi16(indices, 4), _mm256_set1_epi16(1)));
}

SNUG_OPERATION Floats scales_of(const uint16_t * scales, float token) {
    return _mm256_mul_ps(_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i *>(scales))), _mm256_set1_ps(token));
}

struct Indices;
SNUG_OPERATION Indices indices_of(const TableIndices & from, int vector);

} // namespace

} // namespace snug::kernels

#    include "tables_vectors.h"

namespace snug::kernels {

namespace {

SNUG_OPERATION Indices indices_of(const TableIndices & from, int vector) {
    const Ints low  = load_any(from.low + vector * 32);
    const Ints both = load_any(from.high);
    const Ints high = both_and(vector == 0 ? both : high_nibbles(both), 0x0f0f0f0f);
    return { { _mm256_unpacklo_epi8(low, high), _mm256_unpackhi_epi8(low, high) } };
}

// in ggml's order (hsum_float_8)
SNUG_OPERATION Floats over_lanes(const float * const * lanes) {
    const Floats even = _mm256_add_ps(_mm256_add_ps(load_floats(lanes[4]), load_floats(lanes[0])),
                                      _mm256_add_ps(load_floats(lanes[6]), load_floats(lanes[2])));
    const Floats odd  = _mm256_add_ps(_mm256_add_ps(load_floats(lanes[5]), load_floats(lanes[1])),
                                      _mm256_add_ps(load_floats(lanes[7]), load_floats(lanes[3])));
    return _mm256_add_ps(even, odd);
}

SNUG_AVX2 void add_up(const TableSums * sums, int64_t stride, bool one_shift, float * rows) {
    for (int row = 0; row < TILE; row += ROWS) {
        const float * whole[LANES];
        const float * shifted[LANES];
        for (int lane = 0; lane < LANES; ++lane) {
            const TableSums & course = sums[lane / 2 * stride];
            whole[lane]              = course.whole[lane % 2] + row;
            shifted[lane]            = course.shifted[lane % 2] + row;
        }
        const Floats shift = one_shift ? load_floats(shifted[0]) : over_lanes(shifted);
        const Floats total = _mm256_add_ps(over_lanes(whole), _mm256_mul_ps(shift, _mm256_set1_ps(0.125f)));
        _mm256_storeu_ps(rows + row, total);
    }
}

// Of a bit for each place (place_of) those of a piece, by their rows.
uint16_t rows_of(uint64_t places, int piece) {
    uint64_t rows = places >> (piece / 2 * 8 + piece % 2) & 0x0055005500550055;
    rows          = (rows | rows >> 1) & 0x0033003300330033;
    rows          = (rows | rows >> 2) & 0x000f000f000f000f;
    rows          = (rows | rows >> 12) & 0x000000ff000000ff;
    return static_cast<uint16_t>(rows | rows >> 24);
}

// A tile's entries of a pass, by pieces, and the bits of those that are shifted down, by places.
struct Numbers {
    alignas(ALIGNMENT) uint32_t of[LOOKED][TILE];
    uint64_t down = 0;
};

SNUG_AVX2 SNUG_EACH void read_numbers(const TableIndices & from, Numbers & to) {
    for (int vector = 0; vector < VECTORS; ++vector) {
        const Indices indices = indices_of(from, vector);
        const Ints    most    = all_words(ENTRIES - 1);
        const Ints    down    = _mm256_packs_epi16(_mm256_cmpgt_epi16(indices.of[0], most), _mm256_cmpgt_epi16(indices.of[1], most));
        to.down |= static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(down))) << (32 * vector);
        save(to.of[0] + vector * ROWS, entries<0>(indices));
        save(to.of[1] + vector * ROWS, entries<1>(indices));
        save(to.of[2] + vector * ROWS, entries<2>(indices));
        save(to.of[3] + vector * ROWS, entries<3>(indices));
    }
}

SNUG_AVX2 void unpack(const TableIndices * const (*indices)[PASSES], const TernaryGrid & grid, int side, TernaryCodes & codes,
                      TernaryScales & scales) {
    for (int pass = 0; pass < PASSES; ++pass) {
        Numbers numbers[HALVES];
        for (int half = 0; half < HALVES; ++half) {
            read_numbers(*indices[half][pass], numbers[half]);
        }
        for (int looked = 0; looked < LOOKED; ++looked) {
            const int piece = pass * LOOKED + looked;
            uint8_t * run   = codes.runs[SIDES * piece + side];
            for (int row = 0; row < TILE; ++row) {
                const uint32_t four = grid[numbers[0].of[looked][row]] | grid[numbers[1].of[looked][row]] << 4;
                std::memcpy(run + row * UNIT, &four, sizeof(four));
            }
            for (int half = 0; half < HALVES; ++half) {
                scales.below[side][half][piece] = rows_of(numbers[half].down, looked);
            }
        }
    }
}

} // namespace

const TableKernel TABLES_AVX2       = { "AVX2, gathered", make, first_pass<false>, second_pass<false>, add_up, unpack };
const TableKernel TABLES_AVX2_LOADS = { "AVX2, loaded", make, first_pass<true>, second_pass<true>, add_up, unpack };
const TableKernel TABLES_AVX512     = { "AVX-512, gathered", make_avx512, first_pass_avx512, second_pass_avx512, add_up, unpack };

} // namespace snug::kernels

#endif
