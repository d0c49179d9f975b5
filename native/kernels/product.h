#pragma once

#include "cpu_backend.h"

namespace snug::kernels {

// What ggml calls to multiply with a weight whose type a family takes.
Operation & product_in_tiles();

} // namespace snug::kernels
