#pragma once

#include "codes.h"

// Q2_K and Q3_K. ggml has 256 columns of a row after one another, with factors that it spreads over its vectors for every row and token.
// Here rows lie side by side. Codes stay as long as they are stored; a factor of Q3_K takes eight bits, not six: an eighth of a bit more a
// weight.
//
// What comes out is what ggml's code for AVX2 or for ARM gives, to the bit, for any number of tokens: whole numbers within a block, floats
// over the blocks, on x86 in the eight lanes of its vectors, of which lane l has the columns 32n + 4l to 32n + 4l + 3.

namespace snug::kernels {

// weight = scale · factor · code − least · minimum
struct Q2K {
    static constexpr ggml_type  type           = GGML_TYPE_Q2_K;
    static constexpr int        vectors        = 2; // one a side
    static constexpr int        middle         = 0;
    static constexpr bool       looks_up       = false;
    static constexpr FactorBits factors        = FactorBits::four;
    static constexpr int        factor_columns = RUN;
    static constexpr bool       has_least      = true;

    static constexpr CodePlace place(int lane) { return { lane / UNIT, 2 * (lane % UNIT), 2, -1, 0 }; }
};

// weight = scale · factor · (code − 4)
struct Q3K {
    static constexpr ggml_type  type           = GGML_TYPE_Q3_K;
    static constexpr int        vectors        = EIGHT_OF_THREE_BITS;
    static constexpr int        middle         = 4;
    static constexpr bool       looks_up       = false;
    static constexpr FactorBits factors        = FactorBits::eight;
    static constexpr int        factor_columns = RUN;
    static constexpr bool       has_least      = false;

    static constexpr CodePlace place(int lane) { return place_of_three_bits(lane); }
};

// Calls a function with the layout of one of these types.
template <class Function> auto with_kquant(ggml_type type, Function && function) {
    return type == GGML_TYPE_Q2_K ? function(Q2K{}) : function(Q3K{});
}

// Lays ggml's blocks of a matrix out as tiles of so many rows, 8 or 16. `tiles` starts at ALIGNMENT.
void pack_kquant(ggml_type type, int64_t tile_rows, const void * blocks, const Shape & shape, void * tiles);

// One processor family's kernels.
struct KQuantKernel {
    const char *           name;
    int64_t                tile_rows;
    std::vector<ggml_type> types;
    // as a family has them
    size_t (*tile_bytes)(ggml_type type, int64_t blocks);
    size_t (*prepared_bytes)(int64_t blocks, int64_t count);
    void (*prepare)(const Tokens & tokens, void * to);
    void (*multiply)(ggml_type type, const void * tile, const Tokens & tokens, const void * prepared, float * sums);
};

extern const KQuantKernel KQUANTS_AVX512;
extern const KQuantKernel KQUANTS_AVX_VNNI;
extern const KQuantKernel KQUANTS_AVX2;
extern const KQuantKernel KQUANTS_NEON;
// for where ggml has code for SVE, which adds Q2_K in an order of its own
extern const KQuantKernel KQUANTS_BESIDE_SVE;

// with the kernels of one processor family
const Family * kquant_family(const KQuantKernel & kernel);

} // namespace snug::kernels
