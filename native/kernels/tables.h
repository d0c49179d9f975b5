#pragma once

#include "ternary.h"

// IQ1_M and IQ1_S in little more memory than they are stored in, 1.81 bits a weight, where planes take 2.44. The indices into ggml's grid
// are kept, rows side by side. Eight columns of a token come to no more than 2,048 pairs of sums with the grid's entries, of four columns
// each as ggml's lanes have them: the pairs are made once, and every row only looks its own up. What is added up, and in which order, is
// the same as with planes (ternary_vectors.h): which of the two is used changes no bit.

namespace snug::kernels {

constexpr int ENTRIES = 2048;            // of ggml's grid
constexpr int COURSES = SIDES * HALVES;  // groups of a piece; a course is the same group of all pieces of a block: two lanes
constexpr int PASSES  = 2;               // that a course is gone through in
constexpr int LOOKED  = PIECES / PASSES; // pieces of a pass, whose tables fit a core's first cache

// Of 16 rows what a pass looks up, in the order in which vectors of bytes are unpacked to words: low[place_of(row, piece)] has the lower
// eight bits of an index; `high` has the upper three and a bit for being shifted down, of a place below 32 in the low half of a byte, of
// the place 32 above in the high half.
struct TableIndices {
    uint8_t low[TILE * LOOKED];
    uint8_t high[TILE * LOOKED / 2];
};

// Of 16 rows and a side of a block: of the first pass's pieces in the low halves of the bytes, of the second's in the high ones.
struct TableFactors {
    uint8_t pieces[TILE][LOOKED];
};

constexpr int place_of(int row, int piece) { return row / 4 * 16 + piece / 2 * 8 + row % 4 * 2 + piece % 2; }

// A matrix: the indices by block, course and pass, the factors by block and side, the scales by block; of each the rows one after the
// other, the last tile filled up with zeros.
struct TableMatrix {
    TableMatrix(const void * data, const Shape & shape) :
        blocks(shape.blocks), tiles((shape.rows + TILE - 1) / TILE), all_indices(static_cast<const TableIndices *>(data)),
        all_factors(reinterpret_cast<const TableFactors *>(all_indices + blocks * COURSES * PASSES * tiles)),
        all_scales(reinterpret_cast<const uint16_t *>(all_factors + blocks * SIDES * tiles)) {}

    int64_t              blocks; // of a row
    int64_t              tiles;
    const TableIndices * all_indices;
    const TableFactors * all_factors;
    const uint16_t *     all_scales; // F16

    size_t bytes() const {
        return blocks * tiles * (COURSES * PASSES * sizeof(TableIndices) + SIDES * sizeof(TableFactors) + TILE * sizeof(uint16_t));
    }
    // from the first tile on
    const TableIndices * indices(int64_t block, int course, int pass) const {
        return all_indices + ((block * COURSES + course) * PASSES + pass) * tiles;
    }
    const TableFactors * factors(int64_t block, int side) const { return all_factors + (block * SIDES + side) * tiles; }
    const uint16_t *     scales(int64_t block) const { return all_scales + block * tiles * TILE; }
};

// Lays ggml's blocks of a matrix out so. `data` holds TableMatrix::bytes().
void pack_tables(ggml_type type, const void * blocks, const Shape & shape, void * data);

// Of a pass, by its pieces.
struct alignas(ALIGNMENT) Tables {
    int32_t sums[LOOKED][ENTRIES]; // of a group's first four columns in the low half, of its last four in the high half
    int16_t shifts[2][LOOKED];     // what being shifted up adds, in eighths, by lanes
};

// How shifts are added up: ggml has IQ1_M's by lanes, and IQ1_S's of all columns of a block at once, which its first course does.
enum class Shifts { OF_LANES, OF_BLOCK, NONE };

// The grid as the making of tables takes it: of 32 entries the columns two by two, as codes from 0 to 2, in the order in which vectors of
// words are unpacked to pairs.
struct alignas(ALIGNMENT) TableGrid {
    uint8_t pairs[ENTRIES / 32][GROUP / 2][64];
};
constexpr int     word_of(int entry) { return entry % 16 / 4 * 8 + entry / 16 * 4 + entry % 4; }
const TableGrid & table_grid();

// What a course comes to over the blocks that were: two lanes of 16 rows, and their shifts.
struct alignas(ALIGNMENT) TableSums {
    float whole[2][TILE];
    float shifted[2][TILE];
};

// What the first pass leaves to the second.
struct alignas(ALIGNMENT) TableHalves {
    int32_t whole[TILE];
    int32_t shifted[2][TILE];
};

// A course of a block through some tiles. `indices` by passes.
struct TableRun {
    const TableIndices * indices[PASSES];
    const TableFactors * factors;
    const uint16_t *     scales;
    int64_t              tiles;
};

// How many tiles ahead what is read of them is asked for: the processor does so by itself too late. A tenth to a sixth of the time.
constexpr int64_t TABLES_AHEAD = 16;

// A block of a tile.
struct TableBlock {
    const TableIndices * indices[COURSES][PASSES];
    const TableFactors * factors[SIDES];
};

// One way to look up. What they compute is the same to the bit.
struct TableKernel {
    const char * name;
    // all tables of a pass, for the values of a group in each of its pieces
    void (*make)(const TableGrid & grid, const int8_t * const * values, Tables & tables);
    void (*first_pass)(const TableRun & run, Shifts shifts, const Tables & tables, TableHalves * halves);
    void (*second_pass)(const TableRun & run, Shifts shifts, const Tables & tables, const TableHalves * halves, float scale,
                        TableSums * sums);
    // the lanes of a tile, `stride` tiles between two courses, added up: rows[TILE]
    void (*add_up)(const TableSums * sums, int64_t stride, bool one_shift, float * rows);
    // a tile's block as planes, but for its scales; what lies a tile further on is fetched
    void (*unpack)(const TableBlock & block, const TernaryGrid & grid, TernaryBlock & planes);
};

// All of a pass.
void make_tables(const TableKernel & kernel, const TokenBlock & token, int course, int pass, Shifts shifts, Tables & tables);

// How fast a kernel looks up on this machine.
struct TimedKernel {
    const TableKernel * kernel;
    bool                is_right; // it comes to what is computed without tables
    double              per_second;
};

// This processor's, the fastest first, timed once: which is it depends on how a processor gathers, and on its microcode.
const std::vector<TimedKernel> & table_kernels();

} // namespace snug::kernels
