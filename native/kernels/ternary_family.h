#pragma once

#include "ternary.h"

namespace snug::kernels {

class TernaryFamily : public Family {
  public:
    explicit TernaryFamily(const TernaryKernel & kernel) : kernel(kernel) {}

    const char *           name() const override { return kernel.name; }
    bool                   is_wide() const override { return true; }
    std::vector<ggml_type> types() const override { return { GGML_TYPE_IQ1_M, GGML_TYPE_IQ1_S }; }
    int64_t                tile_rows() const override { return TILE; }
    size_t                 tile_bytes(ggml_type, int64_t blocks) const override { return TernaryTile::bytes(blocks); }

    void   pack(ggml_type type, const void * blocks, const Shape & shape, void * matrix) const override;
    size_t prepared_bytes(int64_t blocks, int64_t count, bool panels) const override;
    void   prepare(const Tokens & tokens, void * to) const override;
    void   multiply(ggml_type type, const void * tile, const Tokens & tokens, const void * prepared, float * sums) const override;

  private:
    const TernaryKernel & kernel;
};

// with the kernels of one processor family
const Family * ternary_family(const TernaryKernel & kernel);

} // namespace snug::kernels
