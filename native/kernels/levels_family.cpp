#include "levels.h"

namespace snug::kernels {

namespace {

class LevelsFamily final : public Family {
  public:
    explicit LevelsFamily(const LevelsKernel & kernel) : kernel(kernel) {}

    const char *           name() const override { return kernel.name; }
    bool                   is_wide() const override { return true; }
    std::vector<ggml_type> types() const override {
        return { GGML_TYPE_IQ2_XXS, GGML_TYPE_IQ2_XS, GGML_TYPE_IQ2_S, GGML_TYPE_IQ3_XXS, GGML_TYPE_IQ3_S };
    }
    int64_t tile_rows() const override { return kernel.tile_rows; }
    size_t  tile_bytes(ggml_type type, int64_t blocks) const override { return kernel.tile_bytes(type, blocks); }

    void pack(ggml_type type, const void * blocks, const Shape & shape, void * tiles) const override {
        pack_levels(type, kernel.tile_rows, blocks, shape, tiles);
    }

    size_t prepared_bytes(int64_t blocks, int64_t count, bool panels) const override {
        return kernel.prepared_bytes(blocks, count, panels);
    }
    void prepare(const Tokens & tokens, void * to) const override { kernel.prepare(tokens, to); }

    void multiply(ggml_type type, const void * tile, const Tokens & tokens, const void * prepared, float * sums) const override {
        kernel.multiply(type, tile, tokens, prepared, sums);
    }

  private:
    const LevelsKernel & kernel;
};

} // namespace

const Family * levels_family(const LevelsKernel & kernel) {
    static const LevelsFamily family(kernel);
    return &family;
}

} // namespace snug::kernels
