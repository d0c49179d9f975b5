#include "kquants.h"

#define GGML_COMMON_DECL_CPP
#include "ggml-common.h"

#include <cstring>
#include <iterator>

namespace snug::kernels {

namespace {

constexpr int SIXTEEN = 16;

// One block of a row, whatever its type.
struct Block {
    uint8_t  codes[BLOCK];
    uint8_t  factors[RUNS]; // as they are kept
    uint8_t  minimums[RUNS];
    uint16_t scales[2];
};

// Of ggml's bytes the lowest bits are those of the first 32 columns, the next above them those of the next 32.
template <int BITS> void read_bits(const uint8_t * bytes, int place, uint8_t * codes) {
    constexpr int IN_BYTE = 8 / BITS;
    for (int piece = 0; piece < PIECES; ++piece) {
        for (int i = 0; i < PIECE; ++i) {
            const int bits = bytes[piece / IN_BYTE * PIECE + i] >> (piece % IN_BYTE * BITS) & ((1 << BITS) - 1);
            codes[piece * PIECE + i] |= static_cast<uint8_t>(bits << place);
        }
    }
}

void read(const block_q2_K & from, Block & to) {
    read_bits<2>(from.qs, 0, to.codes);
    for (int run = 0; run < RUNS; ++run) {
        to.factors[run]  = from.scales[run] & 15;
        to.minimums[run] = from.scales[run] >> 4;
    }
    to.scales[0] = from.data.data.d;
    to.scales[1] = from.data.data.dmin;
}

// four bits of a factor, those of eight below those of the next eight, and two bits of every fourth in a byte
int factor_of(const block_q3_K & from, int run) {
    constexpr int MIDDLE = 32, HALF = RUNS / 2, QUARTER = RUNS / 4;
    const int     low  = from.scales[run % HALF] >> (run / HALF * 4) & 15;
    const int     high = from.scales[HALF + run % QUARTER] >> (run / QUARTER * 2) & 3;
    return (low | high << 4) - MIDDLE;
}

void read(const block_q3_K & from, Block & to) {
    read_bits<2>(from.qs, 0, to.codes);
    read_bits<1>(from.hmask, 2, to.codes);
    for (int run = 0; run < RUNS; ++run) {
        to.factors[run] = static_cast<uint8_t>(factor_of(from, run));
    }
    to.scales[0] = from.d;
}

constexpr uint32_t in_bytes(uint32_t bits) { return bits * 0x01010101; }

// Four columns at a time, which no shift brings out of their bytes.
template <class K> void write_piece(const uint8_t * codes, uint8_t * const * to) {
    uint32_t vectors[K::vectors] = {};
    for (int lane = 0; lane < LANES; ++lane) {
        const CodePlace place = K::place(lane);
        uint32_t        four;
        std::memcpy(&four, codes + lane * UNIT, sizeof(four));
        vectors[place.vector] |= (four & in_bytes((1 << place.bits) - 1)) << place.shift;
        if (place.above >= 0) {
            vectors[place.above] |= (four >> place.bits & in_bytes(1)) << place.above_shift;
        }
    }
    for (int vector = 0; vector < K::vectors; ++vector) {
        std::memcpy(to[vector], vectors + vector, sizeof(*vectors));
    }
}

template <class K, int ROWS> void write_factor(const Block & from, int run, int row, KBlock<K, ROWS> & to) {
    const int piece = run / SIDES, side = run % SIDES, quad = piece / UNIT, of_quad = piece % UNIT;
    if constexpr (K::has_least) {
        constexpr int HALF_BYTE = 4;
        to.factors[side][0][row * UNIT + of_quad] |= static_cast<uint8_t>(from.factors[run] << (quad * HALF_BYTE));
        to.factors[quad][1][row * UNIT + 2 * side + of_quad / 2] |= static_cast<uint8_t>(from.minimums[run] << (of_quad % 2 * HALF_BYTE));
    } else {
        to.factors[side][quad][row * UNIT + of_quad] = from.factors[run];
    }
}

template <class K, int ROWS> void write(const Block & from, int row, KBlock<K, ROWS> & to) {
    for (int piece = 0; piece < PIECES; ++piece) {
        uint8_t * vectors[K::vectors];
        for (int vector = 0; vector < K::vectors; ++vector) {
            vectors[vector] = to.codes[piece][vector] + row * UNIT;
        }
        write_piece<K>(from.codes + piece * PIECE, vectors);
    }
    for (int run = 0; run < RUNS; ++run) {
        write_factor<K>(from, run, row, to);
    }
}

template <class K, int ROWS, class Stored> void pack(const void * blocks, const Shape & shape, void * tiles) {
    const auto * source = static_cast<const Stored *>(blocks);
    const size_t bytes  = KTile<K, ROWS>::bytes(shape.blocks);
    std::memset(tiles, 0, (shape.rows + ROWS - 1) / ROWS * bytes);
    for (int64_t row = 0; row < shape.rows; ++row) {
        const int in_tile = static_cast<int>(row % ROWS);
        auto *    to      = reinterpret_cast<KBlock<K, ROWS> *>(static_cast<char *>(tiles) + row / ROWS * bytes);
        auto *    scales  = reinterpret_cast<KScales<K, ROWS> *>(to + shape.blocks);
        for (int64_t number = 0; number < shape.blocks; ++number) {
            Block block{};
            read(*source++, block);
            write<K, ROWS>(block, in_tile, to[number]);
            for (size_t i = 0; i < std::size(scales[number].scale); ++i) {
                scales[number].scale[i][in_tile] = block.scales[i];
            }
        }
    }
}

template <int ROWS> void pack(ggml_type type, const void * blocks, const Shape & shape, void * tiles) {
    if (type == GGML_TYPE_Q2_K) {
        pack<Q2K, ROWS, block_q2_K>(blocks, shape, tiles);
    } else {
        pack<Q3K, ROWS, block_q3_K>(blocks, shape, tiles);
    }
}

} // namespace

void pack_kquant(ggml_type type, int64_t tile_rows, const void * blocks, const Shape & shape, void * tiles) {
    tile_rows == SIXTEEN ? pack<SIXTEEN>(type, blocks, shape, tiles) : pack<SIXTEEN / 2>(type, blocks, shape, tiles);
}

} // namespace snug::kernels
