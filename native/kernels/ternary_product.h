#pragma once

#include "cpu_backend.h"

namespace snug::kernels {

// What ggml calls to multiply with a weight that is kept as ternary planes. Only where ternary_kernel() has one.
Operation & ternary_product();

} // namespace snug::kernels
