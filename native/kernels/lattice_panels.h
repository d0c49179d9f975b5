// Eight rows of a lattice times many tokens, for processors that add up four products of bytes in one instruction. Included after
// lattice_rows.h by a file that has said `dot`. Rows lie in the lanes, so that a factor multiplies four or eight such sums at once, and
// no lanes are added up.

#include "lattice.h"

namespace snug::kernels {

namespace {

constexpr int PANEL_UNIT  = 4; // columns of a row that stand together
constexpr int PANEL_UNITS = BLOCK / PANEL_UNIT;
constexpr int PANEL_LANES = LATTICE_PANEL_ROWS;
constexpr int PANEL_AT    = 4; // tokens at once

// A block of eight rows, looked up once for many tokens.
template <class L> struct alignas(32) Panel {
    static constexpr int GROUPS      = BLOCK / L::factor_columns;
    static constexpr int GROUP_UNITS = L::factor_columns / PANEL_UNIT;

    int8_t  weights[PANEL_UNITS][PANEL_LANES * PANEL_UNIT];
    int32_t factors[GROUPS][PANEL_LANES];
    int32_t lift[PANEL_LANES]; // what the whole has too much where 128 was added to all values
};

// Rows of eight units to units of eight rows.
SNUG_HERE SNUG_EACH void turn(const __m256i (&rows)[PANEL_LANES], int8_t (*units)[PANEL_LANES * PANEL_UNIT]) {
    __m256i pairs[PANEL_LANES], fours[PANEL_LANES];
    for (int i = 0; i < PANEL_LANES; i += 2) {
        pairs[i]     = _mm256_unpacklo_epi32(rows[i], rows[i + 1]);
        pairs[i + 1] = _mm256_unpackhi_epi32(rows[i], rows[i + 1]);
    }
    for (int i = 0; i < PANEL_LANES; i += 4) {
        fours[i]     = _mm256_unpacklo_epi64(pairs[i], pairs[i + 2]);
        fours[i + 1] = _mm256_unpackhi_epi64(pairs[i], pairs[i + 2]);
        fours[i + 2] = _mm256_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
        fours[i + 3] = _mm256_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
    }
    for (int i = 0; i < 4; ++i) {
        store(units[i], _mm256_permute2x128_si256(fours[i], fours[i + 4], 0x20));
        store(units[i + 4], _mm256_permute2x128_si256(fours[i], fours[i + 4], 0x31));
    }
}

template <class L> SNUG_HERE SNUG_EACH void factors_of_row(const Factors<L> & factors, int row, Panel<L> & to) {
    constexpr int HALVES = Panel<L>::GROUPS / LANE_RUNS;
    for (int run = 0; run < LANE_RUNS; ++run) {
        alignas(32) int16_t lanes[LANE_RUN / 2];
        store(lanes, factors.of(run));
        for (int half = 0; half < HALVES; ++half) {
            to.factors[HALVES * run + half][row] = lanes[half * LANE_RUN / 4];
        }
    }
}

// COUNT tokens, all of whose values are there as positive bytes, times a panel, factors and all.
template <class L, int COUNT, class Values> SNUG_HERE SNUG_EACH void whole_of(const Panel<L> & panel, Values values, __m256i * whole) {
    for (int group = 0; group < Panel<L>::GROUPS; ++group) {
        __m256i sums[COUNT];
        for (auto & sum : sums) {
            sum = _mm256_setzero_si256();
        }
        for (int i = 0; i < Panel<L>::GROUP_UNITS; ++i) {
            const int     unit    = group * Panel<L>::GROUP_UNITS + i;
            const __m256i weights = vector_of(panel.weights[unit]);
            for (int token = 0; token < COUNT; ++token) {
                sums[token] = dot(sums[token], values(token, unit), weights);
            }
        }
        const __m256i factors = vector_of(panel.factors[group]);
        for (int token = 0; token < COUNT; ++token) {
            whole[token] = _mm256_add_epi32(whole[token], _mm256_mullo_epi32(sums[token], factors));
        }
    }
}

// `next` is the block of the four rows after the first
template <class L, class Entry>
SNUG_HERE SNUG_EACH void unpack_panel(const Entry * grid, const uint8_t * block, const uint8_t * next, Panel<L> & to) {
    Indices<L> indices[PANEL_LANES];
    RowSigns   signs[PANEL_LANES];
    for (int row = 0; row < PANEL_LANES; ++row) {
        const uint8_t * from = (row < LATTICE_ROWS ? block : next) + row % LATTICE_ROWS * L::row_bytes;
        Factors<L>      factors;
        indices[row].read(from);
        factors.read(from);
        factors_of_row<L>(factors, row, to);
        signs[row] = signs_of<L>(from);
    }
    for (int run = 0; run < LANE_RUNS; ++run) {
        __m256i rows[PANEL_LANES];
        for (int row = 0; row < PANEL_LANES; ++row) {
            rows[row] = with_signs(magnitudes_of(grid, indices[row].at + run * LANE_RUN / L::entry_columns), signs[row]);
        }
        turn(rows, to.weights + run * LANE_RUN / PANEL_UNIT);
    }
    const __m256i added  = _mm256_set1_epi8(-128);
    const auto    values = [&added](int, int) SNUG_HERE { return added; };
    __m256i       whole  = _mm256_setzero_si256();
    whole_of<L, 1>(to, values, &whole);
    store(to.lift, _mm256_sub_epi32(_mm256_setzero_si256(), whole));
}

template <class L, int COUNT>
SNUG_HERE SNUG_EACH void add_panel(const Panel<L> & panel, __m256 scales, const LatticeToken * tokens, __m256 * sums) {
    const auto values = [tokens](int token, int unit)
                            SNUG_HERE { return _mm256_set1_epi32(read_as<int32_t>(tokens[token].values + unit * PANEL_UNIT)); };
    __m256i    whole[COUNT];
    for (auto & of_token : whole) {
        of_token = vector_of(panel.lift);
    }
    whole_of<L, COUNT>(panel, values, whole);
    for (int i = 0; i < COUNT; ++i) {
        sums[i] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(whole[i]), _mm256_mul_ps(scales, _mm256_set1_ps(tokens[i].scale)), sums[i]);
    }
}

template <class L>
SNUG_HERE void panel_lattice(const uint8_t * block, size_t next, int64_t blocks, const LatticeToken * tokens, int64_t count, float * to) {
    const auto * grid = grid_of<L>();
    __m256       sums[TOKENS_AT_ONCE];
    Panel<L>     panel;
    for (int64_t i = 0; i < count; ++i) {
        sums[i] = _mm256_setzero_ps();
    }
    for (int64_t number = 0; number < blocks; ++number, block += L::block_bytes, tokens += count) {
        unpack_panel<L>(grid, block, block + next, panel);
        const __m256 both   = _mm256_insertf128_ps(_mm256_castps128_ps256(scales_of<L>(block)), scales_of<L>(block + next), 1);
        const __m256 scales = _mm256_mul_ps(both, _mm256_set1_ps(lattice_unit(L::type)));
        int64_t      i      = 0;
        for (; i + PANEL_AT <= count; i += PANEL_AT) {
            add_panel<L, PANEL_AT>(panel, scales, tokens + i, sums + i);
        }
        for (; i < count; ++i) {
            add_panel<L, 1>(panel, scales, tokens + i, sums + i);
        }
    }
    for (int64_t i = 0; i < count; ++i) {
        _mm256_storeu_ps(to + i * PANEL_LANES, sums[i]);
    }
}

void panels(ggml_type type, const uint8_t * tile, size_t next, int64_t blocks, const LatticeToken * tokens, int64_t count, float * sums) {
    with_lattice(type, [&](auto lattice) { panel_lattice<decltype(lattice)>(tile, next, blocks, tokens, count, sums); });
}

} // namespace

} // namespace snug::kernels
