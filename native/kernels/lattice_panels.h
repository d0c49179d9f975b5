// Eight rows of a lattice times many tokens, for processors that add up four products of bytes in one instruction. Included after
// lattice_rows.h by a file that has included eight_rows.h and has said add_fours.

#include "panels_fours.h"

namespace snug::kernels {

namespace {

static_assert(ROWS == LATTICE_PANEL_ROWS);

template <class L> using PanelOf = Panel<L::factor_columns>;

// Rows of eight units to units of eight rows.
SNUG_HERE SNUG_EACH void turn(const __m256i (&rows)[ROWS], int8_t (*units)[ROWS * UNIT]) {
    __m256i pairs[ROWS], fours[ROWS];
    for (int i = 0; i < ROWS; i += 2) {
        pairs[i]     = _mm256_unpacklo_epi32(rows[i], rows[i + 1]);
        pairs[i + 1] = _mm256_unpackhi_epi32(rows[i], rows[i + 1]);
    }
    for (int i = 0; i < ROWS; i += 4) {
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

template <class L> SNUG_HERE SNUG_EACH void factors_of_row(const Factors<L> & factors, int row, PanelOf<L> & to) {
    constexpr int HALVES = PanelOf<L>::GROUPS / LANE_RUNS;
    for (int run = 0; run < LANE_RUNS; ++run) {
        alignas(32) int16_t lanes[LANE_RUN / 2];
        store(lanes, factors.of(run));
        for (int half = 0; half < HALVES; ++half) {
            to.factors[HALVES * run + half][row] = lanes[half * LANE_RUN / 4];
        }
    }
}

// `next` is the block of the four rows after the first
template <class L, class Entry>
SNUG_HERE SNUG_EACH void unpack_panel(const Entry * grid, const uint8_t * block, const uint8_t * next, PanelOf<L> & to) {
    Indices<L> indices[ROWS];
    RowSigns   signs[ROWS];
    for (int row = 0; row < ROWS; ++row) {
        const uint8_t * from = (row < LATTICE_ROWS ? block : next) + row % LATTICE_ROWS * L::row_bytes;
        Factors<L>      factors;
        indices[row].read(from);
        factors.read(from);
        factors_of_row<L>(factors, row, to);
        signs[row] = signs_of<L>(from);
    }
    for (int run = 0; run < LANE_RUNS; ++run) {
        __m256i rows[ROWS];
        for (int row = 0; row < ROWS; ++row) {
            rows[row] = with_signs(magnitudes_of(grid, indices[row].at + run * LANE_RUN / L::entry_columns), signs[row]);
        }
        turn(rows, to.units + run * LANE_RUN / UNIT);
    }
}

template <class L>
SNUG_HERE void panel_lattice(const uint8_t * tile, size_t next, int64_t blocks, const PanelToken * tokens, int64_t count, float * to) {
    const auto * grid   = grid_of<L>();
    const auto   unpack = [=](int64_t number, PanelOf<L> & panel) SNUG_HERE {
        const uint8_t * block = tile + number * L::block_bytes;
        unpack_panel<L>(grid, block, block + next, panel);
        const __m256 scales = _mm256_insertf128_ps(_mm256_castps128_ps256(scales_of<L>(block)), scales_of<L>(block + next), 1);
        return times(scales, lattice_unit(L::type));
    };
    multiply_panels<PanelOf<L>>(blocks, tokens, count, unpack, to);
}

void panels(ggml_type type, const uint8_t * tile, size_t next, int64_t blocks, const PanelToken * tokens, int64_t count, float * sums) {
    with_lattice(type, [&](auto lattice) { panel_lattice<decltype(lattice)>(tile, next, blocks, tokens, count, sums); });
}

} // namespace

} // namespace snug::kernels
