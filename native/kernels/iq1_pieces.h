#pragma once

// The blocks of IQ1_M and IQ1_S by 32 columns of a row: what both layouts of them are made from. Include it where ggml's blocks are
// declared (ggml-common.h).

#include <cstdint>
#include <cstring>

namespace snug::kernels {

constexpr int PIECE_GROUPS = 4;

// the columns of ggml's vector
struct Piece {
    uint16_t index[PIECE_GROUPS]; // into the grid
    bool     below[PIECE_GROUPS];
    uint8_t  factor[2];
};

inline Piece piece_of(const block_iq1_m & block, int number) {
    const uint8_t * low  = block.qs + 4 * number;
    const uint8_t * high = block.qh + 2 * number;
    uint16_t        scales;
    std::memcpy(&scales, block.scales + number / 2 * sizeof(scales), sizeof(scales));
    Piece piece{};
    for (int group = 0; group < PIECE_GROUPS; ++group) {
        const int nibble   = high[group / 2] >> (4 * (group % 2)) & 15;
        piece.index[group] = low[group] | (nibble & 7) << 8;
        piece.below[group] = (nibble & 8) != 0;
    }
    for (int run = 0; run < 2; ++run) {
        piece.factor[run] = 2 * (scales >> (6 * (number % 2) + 3 * run) & 7) + 1;
    }
    return piece;
}

inline Piece piece_of(const block_iq1_s & block, int number) {
    const uint8_t * low  = block.qs + 4 * number;
    const uint16_t  high = block.qh[number];
    Piece           piece{};
    for (int group = 0; group < PIECE_GROUPS; ++group) {
        piece.index[group] = low[group] | (high >> (3 * group) & 7) << 8;
        piece.below[group] = (high & 0x8000) != 0;
    }
    piece.factor[0] = piece.factor[1] = 2 * (high >> 12 & 7) + 1;
    return piece;
}

inline uint16_t scale_of(const block_iq1_m & block) {
    uint16_t scales[4];
    std::memcpy(scales, block.scales, sizeof(scales));
    return (scales[0] >> 12) | (scales[1] >> 8 & 0x00f0) | (scales[2] >> 4 & 0x0f00) | (scales[3] & 0xf000);
}

inline uint16_t scale_of(const block_iq1_s & block) { return block.d; }

} // namespace snug::kernels
