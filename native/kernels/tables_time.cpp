// Which way of looking up is the fastest here. A gather takes between one and five times as long as so many loads, by the processor and
// by its microcode; nothing says which before it is tried.
#include "processors.h"
#include "table_kernels.h"

#include "../backends.h"

#include <algorithm>
#include <chrono>
#include <memory>

namespace snug::kernels {

namespace {

constexpr int64_t  TILES  = 64;
constexpr int      ROUNDS = 32;
constexpr uint16_t ONE    = 0x3c00; // F16

std::vector<const TableKernel *> of_this_processor() {
    std::vector<const TableKernel *> kernels;
#if defined(SNUG_X86)
    if (has_cpu_feature("AVX2") && has_cpu_feature("FMA") && has_cpu_feature("F16C")) {
        kernels = { &TABLES_AVX2, &TABLES_AVX2_LOADS };
        if (has_cpu_feature("AVX512_VNNI")) {
            kernels.push_back(&TABLES_AVX512);
            kernels.push_back(&TABLES_AVX512_LOADS);
        }
    }
#endif
    return kernels;
}

// The first course of a block and a token of numbers that are the same on every machine; all bits of what is looked up are allowed.
struct Example {
    std::vector<TableIndices> indices[PASSES] = { std::vector<TableIndices>(TILES), std::vector<TableIndices>(TILES) };
    std::vector<TableFactors> factors         = std::vector<TableFactors>(TILES);
    std::vector<uint16_t>     scales          = std::vector<uint16_t>(TILES * TILE, ONE);
    TokenBlock                token{};

    Example() {
        uint32_t   state = 1;
        const auto next  = [&state] { return (state = state * 1664525u + 1013904223u) >> 16; };
        const auto fill  = [&next](auto & all) {
            auto * bytes = reinterpret_cast<uint8_t *>(all.data());
            std::generate_n(bytes, all.size() * sizeof(all[0]), [&next] { return static_cast<uint8_t>(next()); });
        };
        fill(indices[0]);
        fill(indices[1]);
        fill(factors);
        for (int i = 0; i < BLOCK; ++i) {
            token.values[i]       = static_cast<int8_t>(static_cast<int>(next() % 255) - 127);
            token.sums[i / GROUP] = static_cast<int16_t>(token.sums[i / GROUP] + token.values[i]);
        }
    }

    TableRun run() const { return { { indices[0].data(), indices[1].data() }, factors.data(), scales.data(), TILES }; }

    // what the course comes to, without tables
    std::vector<TableSums> sums() const {
        std::vector<TableSums> all(TILES);
        for (int64_t tile = 0; tile < TILES; ++tile) {
            for (int row = 0; row < TILE; ++row) {
                add_pass(0, tile, row, all[tile]);
                add_pass(1, tile, row, all[tile]);
            }
        }
        return all;
    }

  private:
    // whole numbers that floats hold exactly
    void add_pass(int pass, int64_t tile, int row, TableSums & to) const {
        const TableIndices & from = indices[pass][tile];
        for (int looked = 0; looked < LOOKED; ++looked) {
            const int place  = place_of(row, looked);
            const int high   = from.high[place % 32] >> (place / 32 * 4) & 15;
            const int entry  = from.low[place] | (high & 7) << 8;
            const int factor = factors[tile].pieces[row][looked] >> (4 * pass) & 15;
            for (int k = 0; k < GROUP; ++k) {
                const int value = token.values[(pass * LOOKED + looked) * PIECE + k];
                const int code  = table_grid().pairs[entry / 32][k / 2][word_of(entry % 32) * 2 + k % 2];
                to.whole[k / UNIT][row] += static_cast<float>(factor * (code - 1) * value);
                to.shifted[k / UNIT][row] += static_cast<float>(factor * (high & 8 ? -value : value));
            }
        }
    }
};

bool same(const TableSums & a, const TableSums & b) {
    return std::equal(a.whole[0], a.whole[0] + 2 * TILE, b.whole[0]) && std::equal(a.shifted[0], a.shifted[0] + 2 * TILE, b.shifted[0]);
}

// Goes through the example, and takes the time of the first pass.
class Trial {
  public:
    // seconds
    double go(const TableKernel & kernel) {
        make_tables(kernel, example.token, 0, 0, Shifts::OF_LANES, *tables);
        const auto start = std::chrono::steady_clock::now();
        kernel.first_pass(example.run(), Shifts::OF_LANES, *tables, halves.data());
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        make_tables(kernel, example.token, 0, 1, Shifts::OF_LANES, *tables);
        std::fill(sums.begin(), sums.end(), TableSums{});
        kernel.second_pass(example.run(), Shifts::OF_LANES, *tables, halves.data(), 1, sums.data());
        return std::max(1e-9, seconds);
    }

    bool is_right() const { return std::equal(sums.begin(), sums.end(), expected.begin(), same); }

  private:
    const Example                 example;
    const std::vector<TableSums>  expected = example.sums();
    const std::unique_ptr<Tables> tables   = std::make_unique<Tables>();
    std::vector<TableHalves>      halves   = std::vector<TableHalves>(TILES);
    std::vector<TableSums>        sums     = std::vector<TableSums>(TILES);
};

std::vector<TimedKernel> time_kernels() {
    Trial                    trial;
    std::vector<TimedKernel> timed;
    for (const auto * kernel : of_this_processor()) {
        timed.push_back({ kernel, true, 0 });
    }
    // by turns: a processor is not as fast all the time
    for (int round = 0; round < ROUNDS; ++round) {
        for (auto & one : timed) {
            one.per_second = std::max(one.per_second, TILES * TILE * LOOKED / trial.go(*one.kernel));
            one.is_right   = one.is_right && trial.is_right();
        }
    }
    std::sort(timed.begin(), timed.end(), [](const auto & a, const auto & b) { return a.per_second > b.per_second; });
    return timed;
}

} // namespace

const std::vector<TimedKernel> & table_kernels() {
    static const auto timed = time_kernels();
    return timed;
}

} // namespace snug::kernels
