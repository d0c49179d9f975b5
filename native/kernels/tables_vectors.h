// Looking sums up, for one instruction set: included by a file that has said SNUG_TARGET and SNUG_OPERATION and, in an unnamed namespace,
// what a vector of ROWS rows is and what is done with it. No #pragma once: each of them compiles its own.

#include "prefetch.h"

namespace snug::kernels {

namespace {

constexpr int VECTORS = TILE / ROWS;

// The indices of a vector of rows: a lane has a row's of two pieces.
struct Indices {
    Ints of[LOOKED / 2];
};

// the indices that `piece` has in the lanes
template <int LOOKED_AT> SNUG_OPERATION Ints entries(const Indices & indices) {
    const Ints both = indices.of[LOOKED_AT / 2];
    return both_and(LOOKED_AT % 2 == 0 ? both : upper_half(both), ENTRIES - 1);
}

// Looks up by gathering.
struct Gathered {
    const Tables & tables;

    template <int LOOKED_AT> SNUG_TARGET SNUG_EACH Ints sums(const Indices & indices) const {
        return gather(tables.sums[LOOKED_AT], entries<LOOKED_AT>(indices));
    }
};

// The entries of a tile in memory, where each is read by itself: of a vector of rows by two pieces, which alternate.
struct Entries {
    alignas(ALIGNMENT) uint16_t of[VECTORS][LOOKED / 2][2 * ROWS];

    SNUG_TARGET SNUG_EACH void note(const TableIndices & tile) {
        for (int vector = 0; vector < VECTORS; ++vector) {
            const Indices indices = indices_of(tile, vector);
            for (int pair = 0; pair < LOOKED / 2; ++pair) {
                save(of[vector][pair], both_and(indices.of[pair], (ENTRIES - 1) * 0x00010001));
            }
        }
    }
};

// Looks up one by one.
struct Loaded {
    const Tables & tables;
    const uint16_t (&entries)[LOOKED / 2][2 * ROWS];

    template <int LOOKED_AT> SNUG_TARGET SNUG_EACH Ints sums(const Indices &) const {
        return every_other(tables.sums[LOOKED_AT], entries[LOOKED_AT / 2] + LOOKED_AT % 2);
    }
};

struct Both {
    Ints whole; // of two lanes in the halves
    Ints shifted[2];
};

// four pieces with factors up to 15: 4 · 15 · 508 fits 16 bits
template <int LOOKED_AT, class Source>
SNUG_OPERATION Ints add_piece(Ints sum, const Source & source, const Indices & indices, Ints factors) {
    return add_words(sum, times_words(source.template sums<LOOKED_AT>(indices), factor_of<LOOKED_AT>(factors)));
}

template <int PAIR, Shifts SHIFTS>
SNUG_OPERATION void add_shifts(Both & sum, const Indices & indices, Ints factors, const Tables & tables) {
    if constexpr (SHIFTS != Shifts::NONE) {
        const Ints with_signs = less_where_down(factors_of<PAIR>(factors), indices.of[PAIR]);
        sum.shifted[0]        = add_pairs(sum.shifted[0], with_signs, each(tables.shifts[0] + 2 * PAIR));
        if constexpr (SHIFTS == Shifts::OF_LANES) {
            sum.shifted[1] = add_pairs(sum.shifted[1], with_signs, each(tables.shifts[1] + 2 * PAIR));
        }
    }
}

template <Shifts SHIFTS, class Source>
SNUG_OPERATION Both both_of(const Source & source, const Indices & indices, Ints factors, const Tables & tables) {
    Both sum{ none(), { none(), none() } };
    sum.whole = add_piece<0>(sum.whole, source, indices, factors);
    sum.whole = add_piece<1>(sum.whole, source, indices, factors);
    sum.whole = add_piece<2>(sum.whole, source, indices, factors);
    sum.whole = add_piece<3>(sum.whole, source, indices, factors);
    add_shifts<0, SHIFTS>(sum, indices, factors, tables);
    add_shifts<1, SHIFTS>(sum, indices, factors, tables);
    return sum;
}

constexpr int shifted_lanes(Shifts shifts) { return shifts == Shifts::OF_LANES ? 2 : shifts == Shifts::OF_BLOCK ? 1 : 0; }

template <Shifts SHIFTS> struct FirstPass {
    static constexpr int NUMBER = 0;

    const TableRun & run;
    const Tables &   tables;
    TableHalves *    halves;

    template <class Source> SNUG_TARGET SNUG_EACH void add(int64_t tile, int vector, const Indices & indices, const Source & source) const {
        const Ints factors = both_and(load_any(run.factors[tile].pieces[vector * ROWS]), 0x0f0f0f0f);
        const Both both    = both_of<SHIFTS>(source, indices, factors, tables);
        save(halves[tile].whole + vector * ROWS, both.whole);
        for (int lane = 0; lane < shifted_lanes(SHIFTS); ++lane) {
            save(halves[tile].shifted[lane] + vector * ROWS, both.shifted[lane]);
        }
    }
};

template <Shifts SHIFTS> struct SecondPass {
    static constexpr int NUMBER = 1;

    const TableRun &    run;
    const Tables &      tables;
    const TableHalves * halves;
    float               scale;
    TableSums *         sums;

    template <class Source> SNUG_TARGET SNUG_EACH void add(int64_t tile, int vector, const Indices & indices, const Source & source) const {
        const int  row     = vector * ROWS;
        const Ints factors = both_and(high_nibbles(load_any(run.factors[tile].pieces[row])), 0x0f0f0f0f);
        const Both both    = both_of<SHIFTS>(source, indices, factors, tables);
        const auto scales  = scales_of(run.scales + tile * TILE + row, scale);
        const Ints before  = load(halves[tile].whole + row);
        add_to(sums[tile].whole[0] + row, ::snug::kernels::add(lower_word(before), lower_word(both.whole)), scales);
        add_to(sums[tile].whole[1] + row, ::snug::kernels::add(upper_word(before), upper_word(both.whole)), scales);
        for (int lane = 0; lane < shifted_lanes(SHIFTS); ++lane) {
            const Ints shifted = ::snug::kernels::add(load(halves[tile].shifted[lane] + row), both.shifted[lane]);
            add_to(sums[tile].shifted[lane] + row, shifted, scales);
        }
    }

  private:
    SNUG_TARGET SNUG_EACH static void add_to(float * to, Ints ints, Floats scales) { store(to, add_times(load_floats(to), ints, scales)); }
};

// What is read TABLES_AHEAD tiles later.
SNUG_EACH void prefetch_tile(const TableRun & run, int pass, int64_t tile) {
    const int64_t later = tile + TABLES_AHEAD;
    prefetch(reinterpret_cast<uintptr_t>(run.indices[pass]) + later * sizeof(TableIndices), sizeof(TableIndices));
    prefetch(reinterpret_cast<uintptr_t>(run.factors) + later * sizeof(TableFactors), sizeof(TableFactors));
}

// `pass` is a copy, and a local one: what is stored could be its fields otherwise, which would be read again each time.
template <class Pass> SNUG_TARGET void go_gathering(const Pass pass) {
    const Gathered source{ pass.tables };
    for (int64_t tile = 0; tile < pass.run.tiles; ++tile) {
        prefetch_tile(pass.run, Pass::NUMBER, tile);
        for (int vector = 0; vector < VECTORS; ++vector) {
            pass.add(tile, vector, indices_of(pass.run.indices[Pass::NUMBER][tile], vector), source);
        }
    }
}

// The entries of a tile are stored while the tile before it is multiplied, so that they are there when they are read.
template <class Pass> SNUG_TARGET void go_loading(const Pass pass) {
    const auto * indices = pass.run.indices[Pass::NUMBER];
    const auto   last    = pass.run.tiles - 1;
    Entries      entries[2];
    entries[0].note(indices[0]);
    for (int64_t tile = 0; tile <= last; ++tile) {
        prefetch_tile(pass.run, Pass::NUMBER, tile);
        entries[(tile + 1) % 2].note(indices[std::min(tile + 1, last)]);
        for (int vector = 0; vector < VECTORS; ++vector) {
            const Loaded source{ pass.tables, entries[tile % 2].of[vector] };
            pass.add(tile, vector, indices_of(indices[tile], vector), source);
        }
    }
}

template <bool LOADING, class Pass> SNUG_TARGET void go(const Pass & pass) {
    if constexpr (LOADING) {
        go_loading(pass);
    } else {
        go_gathering(pass);
    }
}

template <bool LOADING> SNUG_TARGET void first_pass(const TableRun & run, Shifts shifts, const Tables & tables, TableHalves * halves) {
    switch (shifts) {
        case Shifts::OF_LANES: return go<LOADING>(FirstPass<Shifts::OF_LANES>{ run, tables, halves });
        case Shifts::OF_BLOCK: return go<LOADING>(FirstPass<Shifts::OF_BLOCK>{ run, tables, halves });
        case Shifts::NONE:     return go<LOADING>(FirstPass<Shifts::NONE>{ run, tables, halves });
    }
}

template <bool LOADING> SNUG_TARGET void second_pass(const TableRun & run, Shifts shifts, const Tables & tables, const TableHalves * halves,
                                                     float scale, TableSums * sums) {
    switch (shifts) {
        case Shifts::OF_LANES: return go<LOADING>(SecondPass<Shifts::OF_LANES>{ run, tables, halves, scale, sums });
        case Shifts::OF_BLOCK: return go<LOADING>(SecondPass<Shifts::OF_BLOCK>{ run, tables, halves, scale, sums });
        case Shifts::NONE:     return go<LOADING>(SecondPass<Shifts::NONE>{ run, tables, halves, scale, sums });
    }
}

// What is to be known of four columns: their values by twos, and what codes from 0 to 2 count too much.
struct Columns {
    Ints first, second, less;

    SNUG_TARGET explicit Columns(const int8_t * values) :
        first(pair(values)), second(pair(values + 2)), less(all_words(-(values[0] + values[1] + values[2] + values[3]))) {}

    SNUG_TARGET SNUG_EACH Ints times(Ints codes, Ints next) const {
        return add_words(add_words(codes_times(codes, first), less), codes_times(next, second));
    }
};

SNUG_TARGET void make(const TableGrid & grid, const int8_t * const * values, Tables & tables) {
    constexpr int AT_ONCE      = ROWS * 2; // entries of a vector of words
    const Columns low[LOOKED]  = { Columns(values[0]), Columns(values[1]), Columns(values[2]), Columns(values[3]) };
    const Columns high[LOOKED] = { Columns(values[0] + UNIT), Columns(values[1] + UNIT), Columns(values[2] + UNIT),
                                   Columns(values[3] + UNIT) };
    for (int entry = 0; entry < ENTRIES; entry += AT_ONCE) {
        const auto & codes = grid.pairs[entry / 32];
        const int    from  = entry % 32 * 2;
        const Ints   a = load(codes[0] + from), b = load(codes[1] + from), c = load(codes[2] + from), d = load(codes[3] + from);
        const int    at = entry / 32 * 32 + entry % 32 / 2;
        for (int looked = 0; looked < LOOKED; ++looked) {
            const Ints first = low[looked].times(a, b), second = high[looked].times(c, d);
            save(tables.sums[looked] + at, lower_pairs(first, second));
            save(tables.sums[looked] + at + 16, upper_pairs(first, second));
        }
    }
}

} // namespace

} // namespace snug::kernels
