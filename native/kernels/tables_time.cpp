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

constexpr int64_t TILES  = 64;
constexpr int     ROUNDS = 32;

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

// A pass and a token of numbers that are the same on every machine; all bits of what is looked up are allowed.
struct Example {
    std::vector<TableIndices> indices = std::vector<TableIndices>(TILES);
    std::vector<TableFactors> factors = std::vector<TableFactors>(TILES);
    TokenBlock                token{};

    Example() {
        uint32_t   state = 1;
        const auto next  = [&state] { return (state = state * 1664525u + 1013904223u) >> 16; };
        const auto fill  = [&next](auto & all) {
            auto * bytes = reinterpret_cast<uint8_t *>(all.data());
            std::generate_n(bytes, all.size() * sizeof(all[0]), [&next] { return static_cast<uint8_t>(next()); });
        };
        fill(indices);
        fill(factors);
        for (int i = 0; i < BLOCK; ++i) {
            token.values[i]       = static_cast<int8_t>(static_cast<int>(next() % 255) - 127);
            token.sums[i / GROUP] = static_cast<int16_t>(token.sums[i / GROUP] + token.values[i]);
        }
    }

    TableRun run() const { return { { indices.data(), nullptr }, factors.data(), nullptr, TILES }; }

    // what the first pass of the first course comes to, without tables
    std::vector<TableHalves> halves() const {
        std::vector<TableHalves> all(TILES);
        for (int64_t tile = 0; tile < TILES; ++tile) {
            for (int row = 0; row < TILE; ++row) {
                half_of(tile, row, all[tile]);
            }
        }
        return all;
    }

  private:
    void half_of(int64_t tile, int row, TableHalves & to) const {
        int whole[2] = {}, shifted[2] = {};
        for (int looked = 0; looked < LOOKED; ++looked) {
            const int place  = place_of(row, looked);
            const int high   = indices[tile].high[place % 32] >> (place / 32 * 4) & 15;
            const int entry  = indices[tile].low[place] | (high & 7) << 8;
            const int factor = factors[tile].pieces[row][looked] & 15;
            for (int k = 0; k < GROUP; ++k) {
                const int value = token.values[looked * PIECE + k];
                const int code  = table_grid().pairs[entry / 32][k / 2][word_of(entry % 32) * 2 + k % 2];
                whole[k / UNIT] += factor * (code - 1) * value;
                shifted[k / UNIT] += factor * (high & 8 ? -value : value);
            }
        }
        to.whole[row]      = static_cast<int32_t>(static_cast<uint16_t>(whole[0]) | static_cast<uint32_t>(whole[1]) << 16);
        to.shifted[0][row] = shifted[0];
        to.shifted[1][row] = shifted[1];
    }
};

bool same(const TableHalves & a, const TableHalves & b) {
    return std::equal(a.whole, a.whole + TILE, b.whole) && std::equal(a.shifted[0], a.shifted[0] + 2 * TILE, b.shifted[0]);
}

std::vector<TimedKernel> time_kernels() {
    const Example            example;
    const auto               expected = example.halves();
    std::vector<TableHalves> halves(TILES);
    const auto               tables = std::make_unique<Tables>();
    std::vector<TimedKernel> timed;
    for (const auto * kernel : of_this_processor()) {
        timed.push_back({ kernel, true, 0 });
    }
    // by turns: a processor is not as fast all the time
    for (int round = 0; round < ROUNDS; ++round) {
        for (auto & one : timed) {
            make_tables(*one.kernel, example.token, 0, 0, Shifts::OF_LANES, *tables);
            std::fill(halves.begin(), halves.end(), TableHalves{});
            const auto start = std::chrono::steady_clock::now();
            one.kernel->first_pass(example.run(), Shifts::OF_LANES, *tables, halves.data());
            const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
            one.per_second       = std::max(one.per_second, TILES * TILE * LOOKED / std::max(1e-9, seconds));
            one.is_right         = one.is_right && std::equal(halves.begin(), halves.end(), expected.begin(), same);
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
