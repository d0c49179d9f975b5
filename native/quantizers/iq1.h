#pragma once

#include "quantizers.h"

namespace snug {

Quantizer iq1_s_quantizer();
Quantizer iq1_m_quantizer();

} // namespace snug
