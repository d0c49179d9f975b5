#pragma once

#include "tables.h"
#include "ternary_family.h"

#include <memory>

namespace snug::kernels {

// Kept for tables. One token looks its sums up; more are multiplied with planes, which are made of a tile for all of them.
class TablesFamily final : public TernaryFamily {
  public:
    TablesFamily(const TableKernel & tables, const TernaryKernel & planes) : TernaryFamily(planes), tables(tables) {}

    bool   is_wide() const override { return false; }
    size_t bytes(ggml_type, const Shape & shape) const override { return TableMatrix(nullptr, shape).bytes(); }
    void   pack(ggml_type type, const void * blocks, const Shape & shape, void * matrix) const override {
        pack_tables(type, blocks, shape, matrix);
    }

    size_t       made_tile_bytes(ggml_type, int64_t blocks) const override { return TernaryTile::bytes(blocks); }
    const void * tile(ggml_type, const void * matrix, const Shape & shape, int64_t number, void * planes) const override;

    std::unique_ptr<Operation> make_product() const override;

    const TableKernel & tables;
};

// with the planes of one processor family, and the fastest way to look up; null where none is right
const Family * tables_family(const TernaryKernel & planes);

} // namespace snug::kernels
