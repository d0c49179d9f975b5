#pragma once

#include "ggml.h"

#include <cstdint>
#include <vector>

namespace snug::kernels {

// One matrix of ggml's blocks [rows × columns] times tokens [tokens × columns].
struct OneProduct {
    ggml_type            type;
    int64_t              columns;
    int64_t              rows;
    int64_t              tokens;
    int                  threads;
    bool                 as_stored; // in ggml's blocks; else as weights are loaded
    bool                 wide;      // where they may take much more room
    std::vector<uint8_t> blocks;
    std::vector<float>   inputs;
};

// [tokens × rows]. Throws Failure.
std::vector<float> compute(const OneProduct & product);

// Whether weights of a type that are arranged anew give what ggml's blocks give, to the rounding of floats.
bool multiplies_as_ggml(ggml_type type, bool wide);

} // namespace snug::kernels
