#include "codes_pack.h"
#include "kquants.h"

#define GGML_COMMON_DECL_CPP
#include "ggml-common.h"

namespace snug::kernels {

namespace {

constexpr int SIXTEEN = 16;

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

void read(const block_q2_K & from, RowOfCodes & to) {
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

void read(const block_q3_K & from, RowOfCodes & to) {
    read_bits<2>(from.qs, 0, to.codes);
    read_bits<1>(from.hmask, 2, to.codes);
    for (int run = 0; run < RUNS; ++run) {
        to.factors[run] = static_cast<uint8_t>(factor_of(from, run));
    }
    to.scales[0] = from.d;
}

template <class K, int ROWS, class Stored> void pack(const void * blocks, const Shape & shape, void * tiles) {
    pack_codes<K, ROWS>(blocks, shape, tiles, [](const void * from, RowOfCodes & to) { read(*static_cast<const Stored *>(from), to); });
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
