#pragma once

#include "family.h"

namespace snug::kernels {

// A block of a token for panels: its values from 0 to 255, as the weights have the signs.
struct PanelToken {
    uint8_t values[BLOCK];
    float   scale;
};

// block by block: to[blocks × count]
void prepare_panels(const Tokens & tokens, PanelToken * to);

} // namespace snug::kernels
