// What rows side by side need on every x86 processor, made of what rows_avx2.h or one of its kind has said. No #pragma once: each of them
// compiles its own.

namespace snug::kernels {

namespace {

// Adds the products of four columns, times a factor. The codes count too much, which `less` has.
SNUG_OPERATION Ints add_whole(Ints sum, Ints codes, const int8_t * values, const int32_t * less, Ints factor) {
    return add_pairs(sum, products_of(codes, values, less), factor);
}

// ggml's lanes of each row, in its order (hsum_float_8)
SNUG_OPERATION Floats over_lanes(const Floats * lanes) {
    const Floats even = plus(plus(lanes[4], lanes[0]), plus(lanes[6], lanes[2]));
    const Floats odd  = plus(plus(lanes[5], lanes[1]), plus(lanes[7], lanes[3]));
    return plus(even, odd);
}

} // namespace

} // namespace snug::kernels
