#pragma once

#include "family.h"
#include "processors.h"

#ifdef SNUG_X86

namespace snug::kernels {

// Asks for weights that are used later: the processor does so by itself too late, as each is used at once. There may be nothing at that
// address.
SNUG_EACH void prefetch(uintptr_t from, size_t bytes) {
    for (size_t at = 0; at < bytes; at += ALIGNMENT) {
        _mm_prefetch(reinterpret_cast<const char *>(from + at), _MM_HINT_T0);
    }
}

} // namespace snug::kernels

#endif
