#include "tables_family.h"

#include <algorithm>
#include <cstring>

namespace snug::kernels {

const void * TablesFamily::tile(ggml_type, const void * matrix, const Shape & shape, int64_t number, void * planes) const {
    const TableMatrix     from(matrix, shape);
    const TernaryTileMade to(planes, shape.blocks);
    for (int64_t block = 0; block < shape.blocks; ++block) {
        TableBlock of_tile;
        for (int i = 0; i < COURSES * PASSES; ++i) {
            of_tile.indices[i / PASSES][i % PASSES] = from.indices(block, i / PASSES, i % PASSES) + number;
        }
        for (int side = 0; side < SIDES; ++side) {
            of_tile.factors[side] = from.factors(block, side) + number;
        }
        tables.unpack(of_tile, ternary_grid(), to.blocks[block]);
        std::memcpy(to.scales[block], from.scales(block) + number * TILE, sizeof(to.scales[block]));
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
