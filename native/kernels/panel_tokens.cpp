#include "panel_tokens.h"

#include "processors.h"

namespace snug::kernels {

SNUG_VECTORS void prepare_panels(const Tokens & tokens, PanelToken * to) {
    for (int64_t i = 0; i < tokens.count; ++i) {
        for (int64_t block = 0; block < tokens.blocks_each; ++block) {
            const TokenBlock & token = tokens.blocks[i * tokens.blocks_each + block];
            PanelToken &       panel = to[block * tokens.count + i];
            for (int column = 0; column < BLOCK; ++column) {
                panel.values[column] = static_cast<uint8_t>(token.values[column] + 128);
            }
            panel.scale = token.scale;
        }
    }
}

} // namespace snug::kernels
