#pragma once

#include "quantizers.h"

namespace snug {

// Compares our blocks with those of the ggml that is linked, on values with everything in them that is treated differently. A llama.cpp that
// computes otherwise, or that was compiled to round otherwise, then quantizes by itself: slower, never different.
bool makes_the_blocks_of_ggml(ggml_type type, Quantizer quantizer);

} // namespace snug
