#include "lattice.h"

namespace snug::kernels {

namespace {

class LatticeFamily final : public Family {
  public:
    explicit LatticeFamily(const LatticeKernel & kernel) : kernel(kernel) {}

    const char *           name() const override { return kernel.name; }
    bool                   is_wide() const override { return false; }
    std::vector<ggml_type> types() const override {
        return { GGML_TYPE_IQ2_XXS, GGML_TYPE_IQ2_XS, GGML_TYPE_IQ2_S, GGML_TYPE_IQ3_XXS, GGML_TYPE_IQ3_S };
    }
    int64_t tile_rows() const override { return LATTICE_ROWS; }
    size_t  tile_bytes(ggml_type type, int64_t blocks) const override {
        return aligned(blocks * with_lattice(type, [](auto lattice) { return size_t(lattice.block_bytes); }));
    }

    void pack(ggml_type type, const void * blocks, const Shape & shape, void * tiles) const override {
        pack_lattice(type, blocks, shape, tiles);
    }

    size_t prepared_bytes(int64_t, int64_t, bool) const override { return 0; }
    void   prepare(const Tokens &, void *) const override {}

    void multiply(ggml_type type, const void * data, const Tokens & tokens, const void *, float * sums) const override {
        const auto * tile = static_cast<const uint8_t *>(data);
        if (tokens.count == 1 && !tokens.panels) {
            kernel.decode(type, tile, tokens, sums);
        } else {
            kernel.batch(type, tile, tokens, sums);
        }
    }

  private:
    const LatticeKernel & kernel;
};

} // namespace

const Family * lattice_family(const LatticeKernel & kernel) {
    static const LatticeFamily family(kernel);
    return &family;
}

} // namespace snug::kernels
