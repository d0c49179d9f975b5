#pragma once

#include "quantizers.h"

namespace snug {

Quantizer iq3_xxs_quantizer();
Quantizer iq3_s_quantizer();

} // namespace snug
