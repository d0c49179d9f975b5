#pragma once

#include "ggml.h"

namespace snug {

// Whether llama-quantize refuses this type without an importance matrix (src/llama-quant.cpp, tensor_requires_imatrix); ggml
// itself only asks for it in three of them.
bool needs_importance(ggml_type type);

} // namespace snug
