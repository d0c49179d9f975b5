#pragma once

#include "ggml.h"

namespace snug {

// Whether ggml turns its blocks into floats.
bool can_be_read(ggml_type type);
// Whether ggml makes its blocks and multiplies with them; Q8_1 and Q8_K are only inputs of a product, and whole numbers no weights.
bool can_be_quantized_to(ggml_type type);

// Whether llama-quantize refuses this type without an importance matrix (src/llama-quant.cpp, tensor_requires_imatrix); ggml
// itself only asks for it in three of them.
bool needs_importance(ggml_type type);

} // namespace snug
