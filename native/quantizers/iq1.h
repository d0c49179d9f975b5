#pragma once

#include "quantizers.h"

#include <cstdint>

// ggml sorts with qsort, which leaves equal values in their order in glibc alone
#if defined(SNUG_OWN_QUANTIZERS) && defined(__GLIBC__)
#    define SNUG_SORTS_LIKE_GGML
#endif

namespace snug {

Quantizer iq1_s_quantizer();
Quantizer iq1_m_quantizer();

} // namespace snug
