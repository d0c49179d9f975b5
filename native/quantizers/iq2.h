#pragma once

#include "quantizers.h"

namespace snug {

Quantizer iq2_xxs_quantizer();
Quantizer iq2_xs_quantizer();
Quantizer iq2_s_quantizer();

} // namespace snug
