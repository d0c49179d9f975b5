#pragma once

#include "ggml.h"

#include <string>
#include <vector>

namespace snug::kernels {

// Which of our kernels run in this process. It is decided once, before the first model is opened.
struct OwnKernels {
    std::string            name; // of the kernels, for people; empty where llama.cpp's own run
    std::vector<ggml_type> types;
    std::string            why_not; // a clause; empty where ours run or weren't wanted
};

// Lets ggml's CPU backend give us the weights of the types that we have kernels for, where these multiply as ggml's do. Call it once,
// after the backend was loaded.
OwnKernels take_weights();

} // namespace snug::kernels
