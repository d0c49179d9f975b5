#pragma once

#include "quantizers.h"

namespace snug {

// Types whose runs have a scale and a minimum.
Quantizer q2_k_quantizer();
Quantizer q4_k_quantizer();
Quantizer q5_k_quantizer();

} // namespace snug
