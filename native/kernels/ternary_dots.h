// Many tokens times panels, for processors that add up four products of bytes in one instruction, as add_fours
// (ternary_vectors.h).

namespace snug::kernels {

namespace {

SNUG_OPERATION Ints in_turn(Ints sum) { return sum; } // as instructions that add have it

constexpr int TOGETHER = 4; // tokens
constexpr int CHAIN    = 8; // units whose products are added up one after the other: each has to wait for the one before

// COUNT tokens times a block of the panels of a tile
template <int COUNT, int VECTORS, class Panel, class Token>
SNUG_OPERATION void whole_of(const Panel * panels, const Token * tokens, Ints (&whole)[COUNT][VECTORS]) {
    for (auto & of_token : whole) {
        for (int vector = 0; vector < VECTORS; ++vector) {
            of_token[vector] = load(panels[vector].lift);
        }
    }
    for (int first = 0; first < UNITS; first += CHAIN) {
        Ints sums[COUNT][VECTORS];
        for (auto & of_token : sums) {
            for (auto & sum : of_token) {
                sum = none();
            }
        }
        for (int unit = first; unit < first + CHAIN; ++unit) {
            Ints weights[VECTORS];
            for (int vector = 0; vector < VECTORS; ++vector) {
                weights[vector] = load(panels[vector].units[unit]);
            }
            for (int i = 0; i < COUNT; ++i) {
                const Ints values = each(tokens[i].values + unit * UNIT);
                for (int vector = 0; vector < VECTORS; ++vector) {
                    sums[i][vector] = add_fours(sums[i][vector], values, weights[vector]);
                }
            }
        }
        for (int i = 0; i < COUNT; ++i) {
            for (int vector = 0; vector < VECTORS; ++vector) {
                whole[i][vector] = add(whole[i][vector], sums[i][vector]);
            }
        }
    }
}

} // namespace

} // namespace snug::kernels
