#include "kquants.h"

namespace snug::kernels {

namespace {

class KQuantFamily final : public Family {
  public:
    explicit KQuantFamily(const KQuantKernel & kernel) : kernel(kernel) {}

    const char *           name() const override { return kernel.name; }
    bool                   is_wide() const override { return false; }
    std::vector<ggml_type> types() const override { return kernel.types; }
    int64_t                tile_rows() const override { return kernel.tile_rows; }
    size_t                 tile_bytes(ggml_type type, int64_t blocks) const override { return kernel.tile_bytes(type, blocks); }

    void pack(ggml_type type, const void * blocks, const Shape & shape, void * tiles) const override {
        pack_kquant(type, kernel.tile_rows, blocks, shape, tiles);
    }

    // ggml has no panels of these types
    size_t prepared_bytes(int64_t blocks, int64_t count, bool) const override { return kernel.prepared_bytes(blocks, count); }
    void   prepare(const Tokens & tokens, void * to) const override { kernel.prepare(tokens, to); }

    void multiply(ggml_type type, const void * tile, const Tokens & tokens, const void * prepared, float * sums) const override {
        kernel.multiply(type, tile, tokens, prepared, sums);
    }

  private:
    const KQuantKernel & kernel;
};

} // namespace

const Family * kquant_family(const KQuantKernel & kernel) {
    static const KQuantFamily family(kernel);
    return &family;
}

} // namespace snug::kernels
