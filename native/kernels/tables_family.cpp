#include "tables_family.h"

#include <algorithm>
#include <cstring>

namespace snug::kernels {

namespace {

void unpack_factors(const TableFactors * const (&factors)[SIDES], TernaryScales & scales) {
    for (int row = 0; row < TILE; ++row) {
        for (int looked = 0; looked < LOOKED; ++looked) {
            const int first = factors[0]->pieces[row][looked], second = factors[1]->pieces[row][looked];
            scales.factors[looked][row]          = static_cast<uint8_t>((first & 15) | (second & 15) << 4);
            scales.factors[LOOKED + looked][row] = static_cast<uint8_t>(first >> 4 | (second & 0xf0));
        }
    }
}

} // namespace

const void * TablesFamily::tile(ggml_type, const void * matrix, const Shape & shape, int64_t number, void * planes) const {
    const TableMatrix from(matrix, shape);
    auto *            codes  = static_cast<TernaryCodes *>(planes);
    auto *            scales = reinterpret_cast<TernaryScales *>(codes + shape.blocks);
    const auto &      grid   = ternary_grid();
    for (int64_t block = 0; block < shape.blocks; ++block) {
        const TableFactors * factors[SIDES];
        for (int side = 0; side < SIDES; ++side) {
            const TableIndices * indices[HALVES][PASSES];
            for (int i = 0; i < HALVES * PASSES; ++i) {
                indices[i / PASSES][i % PASSES] = from.indices(block, side * HALVES + i / PASSES, i % PASSES) + number;
            }
            factors[side] = from.factors(block, side) + number;
            tables.unpack(indices, grid, side, codes[block], scales[block]);
        }
        unpack_factors(factors, scales[block]);
        std::memcpy(scales[block].scale, from.scales(block) + number * TILE, sizeof(scales[block].scale));
    }
    return planes;
}

const Family * tables_family(const TernaryKernel & planes) {
    const auto & kernels = table_kernels();
    const auto   fastest = std::find_if(kernels.begin(), kernels.end(), [](const auto & one) { return one.is_right; });
    if (fastest == kernels.end()) {
        return nullptr;
    }
    static const TablesFamily family(*fastest->kernel, planes);
    return &family;
}

} // namespace snug::kernels
