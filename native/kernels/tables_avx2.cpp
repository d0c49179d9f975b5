// Eight rows in the lanes of a vector.
#include "processors.h"
#include "table_kernels.h"

#ifdef SNUG_X86

#    include <algorithm>
#    include <cstring>

#    define SNUG_TARGET SNUG_AVX2
#    define SNUG_OPERATION SNUG_AVX2 SNUG_EACH

#    include "eight_rows.h"

namespace snug::kernels {

namespace {

SNUG_OPERATION Ints load_any(const void * from) { return _mm256_loadu_si256(static_cast<const __m256i *>(from)); }
SNUG_OPERATION Ints add_words(Ints a, Ints b) { return _mm256_add_epi16(a, b); }
SNUG_OPERATION Ints add_pairs(Ints sum, Ints a, Ints b) { return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b)); }
SNUG_OPERATION Ints codes_times(Ints codes, Ints values) { return _mm256_maddubs_epi16(codes, values); }
SNUG_OPERATION Ints all_words(int word) { return _mm256_set1_epi16(static_cast<int16_t>(word)); }
SNUG_OPERATION Ints lower_pairs(Ints a, Ints b) { return _mm256_unpacklo_epi16(a, b); }
SNUG_OPERATION Ints upper_pairs(Ints a, Ints b) { return _mm256_unpackhi_epi16(a, b); }
SNUG_OPERATION Ints both_and(Ints a, int bits) { return _mm256_and_si256(a, _mm256_set1_epi32(bits)); }
SNUG_OPERATION Ints upper_half(Ints a) { return _mm256_srli_epi32(a, 16); }
SNUG_OPERATION Ints high_nibbles(Ints a) { return _mm256_srli_epi32(a, 4); }
SNUG_OPERATION Ints lower_word(Ints a) { return _mm256_srai_epi32(_mm256_slli_epi32(a, 16), 16); }
SNUG_OPERATION Ints upper_word(Ints a) { return _mm256_srai_epi32(a, 16); }

SNUG_OPERATION Ints gather(const int32_t * table, Ints entries) { return _mm256_i32gather_epi32(table, entries, sizeof(*table)); }

// The entries of a table whose numbers are every other of these. Each is copied to all lanes as it is loaded: blends take any port of the
// processor, inserts only one.
SNUG_OPERATION Ints every_other(const int32_t * table, const uint16_t * numbers) {
    const auto entry = [=](int row) SNUG_AVX2 { return _mm256_set1_epi32(table[numbers[2 * row]]); };
    const Ints a = _mm256_blend_epi32(entry(0), entry(1), 0x02), b = _mm256_blend_epi32(entry(2), entry(3), 0x08);
    const Ints c = _mm256_blend_epi32(entry(4), entry(5), 0x20), d = _mm256_blend_epi32(entry(6), entry(7), 0x80);
    return _mm256_blend_epi32(_mm256_blend_epi32(a, b, 0x0c), _mm256_blend_epi32(c, d, 0xc0), 0xf0);
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

// Looks codes up in the grid, of a vector of rows.
template <bool LOADING> SNUG_OPERATION Ints codes_of(const TernaryGrid & grid, Ints entries) {
    const auto * four = reinterpret_cast<const int32_t *>(grid.data());
    if constexpr (LOADING) {
        alignas(ALIGNMENT) uint32_t numbers[ROWS];
        save(numbers, entries);
        return _mm256_setr_epi32(four[numbers[0]], four[numbers[1]], four[numbers[2]], four[numbers[3]], four[numbers[4]], four[numbers[5]],
                                 four[numbers[6]], four[numbers[7]]);
    } else {
        return gather(four, entries);
    }
}

template <bool LOADING, int LOOKED_AT>
SNUG_OPERATION void unpack_run(const Indices (&halves)[HALVES], const TernaryGrid & grid, uint8_t * to) {
    const Ints first = codes_of<LOADING>(grid, entries<LOOKED_AT>(halves[0]));
    const Ints last  = codes_of<LOADING>(grid, entries<LOOKED_AT>(halves[1]));
    save(to, _mm256_or_si256(first, _mm256_slli_epi32(last, 4)));
}

// all bits of the byte that a piece has in each row's lane where its group is shifted down
SNUG_OPERATION Ints down_of(const Indices & indices) {
    const Ints most     = all_words(ENTRIES - 1);
    const Ints by_pairs = _mm256_packs_epi16(_mm256_cmpgt_epi16(indices.of[0], most), _mm256_cmpgt_epi16(indices.of[1], most));
    const Ints order =
        _mm256_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15, 0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
    return _mm256_shuffle_epi8(by_pairs, order);
}

template <bool LOADING>
SNUG_OPERATION void unpack_side(const TableBlock & block, const TernaryGrid & grid, int side, int pass, TernaryBlock & planes) {
    uint8_t *        runs = planes.codes[SIDES * pass * LOOKED + side];
    constexpr size_t NEXT = SIDES * sizeof(planes.codes[0]);
    for (int vector = 0; vector < VECTORS; ++vector) {
        const int place = vector * ROWS * UNIT;
        Ints      below = load(planes.below + place);
        Indices   halves[HALVES];
        for (int half = 0; half < HALVES; ++half) {
            const TableIndices & from = *block.indices[side * HALVES + half][pass];
            halves[half]              = indices_of(from, vector);
            const Ints bit            = _mm256_set1_epi8(static_cast<int8_t>(1 << below_bit(side, half, pass)));
            below                     = _mm256_or_si256(below, _mm256_and_si256(down_of(halves[half]), bit));
            _mm_prefetch(reinterpret_cast<const char *>(&from + 1) + vector * 64, _MM_HINT_T0);
        }
        save(planes.below + place, below);
        uint8_t * to = runs + place;
        unpack_run<LOADING, 0>(halves, grid, to);
        unpack_run<LOADING, 1>(halves, grid, to + NEXT);
        unpack_run<LOADING, 2>(halves, grid, to + 2 * NEXT);
        unpack_run<LOADING, 3>(halves, grid, to + 3 * NEXT);
    }
}

SNUG_OPERATION void unpack_factors(const TableBlock & block, TernaryBlock & planes) {
    const Ints low = _mm256_set1_epi8(15), high = _mm256_set1_epi8(-16);
    for (int vector = 0; vector < VECTORS; ++vector) {
        const int  place = vector * ROWS * UNIT;
        const Ints a = load_any(block.factors[0]->pieces[0] + place), b = load_any(block.factors[1]->pieces[0] + place);
        save(planes.factors[0] + place, _mm256_or_si256(_mm256_and_si256(a, low), _mm256_and_si256(_mm256_slli_epi16(b, 4), high)));
        save(planes.factors[1] + place, _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(a, 4), low), _mm256_and_si256(b, high)));
    }
}

// A pass has the pieces of a quad.
template <bool LOADING> SNUG_AVX2 void unpack(const TableBlock & block, const TernaryGrid & grid, TernaryBlock & planes) {
    static_assert(LOOKED == UNIT && PASSES == QUADS, "planes have pieces by quads");
    std::memset(planes.below, 0, sizeof(planes.below));
    for (int side = 0; side < SIDES; ++side) {
        for (int pass = 0; pass < PASSES; ++pass) {
            unpack_side<LOADING>(block, grid, side, pass, planes);
        }
        _mm_prefetch(reinterpret_cast<const char *>(block.factors[side] + 1), _MM_HINT_T0);
    }
    unpack_factors(block, planes);
}

} // namespace

const TableKernel TABLES_AVX2         = { "AVX2, gathered", make, first_pass<false>, second_pass<false>, add_up, unpack<false> };
const TableKernel TABLES_AVX2_LOADS   = { "AVX2, loaded", make, first_pass<true>, second_pass<true>, add_up, unpack<true> };
const TableKernel TABLES_AVX512       = { "AVX-512, gathered",       make_avx512, first_pass_avx512<false>,
                                          second_pass_avx512<false>, add_up,      unpack<false> };
const TableKernel TABLES_AVX512_LOADS = { "AVX-512, loaded",        make_avx512, first_pass_avx512<true>,
                                          second_pass_avx512<true>, add_up,      unpack<true> };

} // namespace snug::kernels

#endif
