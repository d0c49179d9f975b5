#pragma once

#include "quantizers.h"

namespace snug {

Quantizer iq4_nl_quantizer();
Quantizer iq4_xs_quantizer();

} // namespace snug
