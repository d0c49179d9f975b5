// Many tokens times panels of rows, whose floats are added block by block as ggml's are (iqp.cpp): included after eight_rows.h or
// sixteen_rows.h and after the file has said how a panel is multiplied (panels_fours.h has one). No #pragma once: each of them compiles its
// own.

#include "panel_tokens.h"

#include <algorithm>

namespace snug::kernels {

namespace {

// what a panel has too much where 128 was added to all values
template <class Panel> SNUG_OPERATION void lift(Panel & panel) {
    const Ints added  = bytes(-128);
    const auto values = [&added](int, int) SNUG_TARGET { return added; };
    Ints       whole  = none();
    whole_of<1>(panel, values, &whole);
    save(panel.lift, minus(whole));
}

template <int COUNT, class Panel>
SNUG_OPERATION void add_panel(const Panel & panel, Floats scales, const PanelToken * tokens, Floats * sums) {
    const auto values = [tokens](int token, int unit) SNUG_TARGET { return each(tokens[token].values + unit * UNIT); };
    Ints       whole[COUNT];
    std::fill_n(whole, COUNT, load(panel.lift));
    whole_of<COUNT>(panel, values, whole);
    for (int i = 0; i < COUNT; ++i) {
        sums[i] = add_times(sums[i], whole[i], times(scales, tokens[i].scale));
    }
}

// `unpack` makes the panel of a block, but for its lift, and gives the scales of its rows. sums[count × ROWS]
template <class Panel, class Unpack>
SNUG_OPERATION void multiply_panels(int64_t blocks, const PanelToken * tokens, int64_t count, Unpack unpack, float * to) {
    Floats sums[TOKENS_AT_ONCE];
    Panel  panel;
    std::fill_n(sums, count, zeros());
    for (int64_t number = 0; number < blocks; ++number, tokens += count) {
        const Floats scales = unpack(number, panel);
        lift(panel);
        int64_t i = 0;
        for (; i + PANEL_AT <= count; i += PANEL_AT) {
            add_panel<PANEL_AT>(panel, scales, tokens + i, sums + i);
        }
        for (; i < count; ++i) {
            add_panel<1>(panel, scales, tokens + i, sums + i);
        }
    }
    for (int64_t i = 0; i < count; ++i) {
        store(to + i * ROWS, sums[i]);
    }
}

} // namespace

} // namespace snug::kernels
