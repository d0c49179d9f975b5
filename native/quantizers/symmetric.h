#pragma once

#include "quantizers.h"

namespace snug {

// Types whose runs have a scale alone.
Quantizer q3_k_quantizer();
Quantizer q6_k_quantizer();

} // namespace snug
