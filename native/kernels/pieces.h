#pragma once

#include "tokens.h"

// How the columns of a block lie in vectors of rows side by side, four columns of a row together, as the instructions take them.

namespace snug::kernels {

constexpr int PIECE  = 32; // columns that ggml's vectors hold
constexpr int PIECES = BLOCK / PIECE;
constexpr int RUN    = 16; // columns that share a factor
constexpr int RUNS   = BLOCK / RUN;
constexpr int SIDES  = PIECE / RUN;
constexpr int UNIT   = 4; // columns of a row that stand together
constexpr int UNITS  = BLOCK / UNIT;
constexpr int QUADS  = PIECES / UNIT; // of pieces: a byte of each fits a row's lane

} // namespace snug::kernels
