#include "ternary.h"

namespace snug::kernels {

namespace {

class TernaryFamily final : public Family {
  public:
    explicit TernaryFamily(const TernaryKernel & kernel) : kernel(kernel) {}

    const char *           name() const override { return kernel.name; }
    bool                   is_wide() const override { return true; }
    std::vector<ggml_type> types() const override { return { GGML_TYPE_IQ1_M, GGML_TYPE_IQ1_S }; }
    int64_t                tile_rows() const override { return TILE; }
    size_t                 tile_bytes(ggml_type, int64_t blocks) const override { return TernaryTile::bytes(blocks); }

    void pack(ggml_type type, const void * blocks, const Shape & shape, void * tiles) const override {
        pack_ternary(type, blocks, shape, tiles);
    }

    size_t prepared_bytes(int64_t blocks, int64_t count, bool panels) const override {
        return kernel.prepared_bytes(blocks, count, panels);
    }

    void prepare(const Tokens & tokens, void * to) const override { kernel.prepare(tokens, to); }

    void multiply(ggml_type type, const void * tile, const Tokens & tokens, const void * prepared, float * sums) const override {
        kernel.multiply(TernaryTile(tile, tokens.blocks_each), type == GGML_TYPE_IQ1_S, tokens, prepared, sums);
    }

  private:
    const TernaryKernel & kernel;
};

} // namespace

const Family * ternary_family(const TernaryKernel & kernel) {
    static const TernaryFamily family(kernel);
    return &family;
}

} // namespace snug::kernels
