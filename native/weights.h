#pragma once

#include "ggml-backend.h"

namespace snug {

// The buffer that llama.cpp loads a product's weight into, on the CPU: one of another layout where the CPU variant has a better one.
ggml_backend_buffer_type_t weight_buffer_type(ggml_tensor * product);

} // namespace snug
