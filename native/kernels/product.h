#pragma once

#include "cpu_backend.h"
#include "family.h"

namespace snug::kernels {

// What ggml calls to multiply with a weight that a family keeps.
Operation & product_of(const Family & family);
// The family whose product that is; null where it is none of ours.
const Family * family_of(const void * product);

} // namespace snug::kernels
