#include "lattice.h"

#include <algorithm>
#include <cstring>

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
    int64_t tile_rows() const override { return kernel.panels ? LATTICE_PANEL_ROWS : LATTICE_ROWS; }
    size_t  tile_bytes(ggml_type type, int64_t blocks) const override { return parts() * part_bytes(type, blocks); }

    void pack(ggml_type type, const void * blocks, const Shape & shape, void * tiles) const override {
        std::memset(tiles, 0, bytes(type, shape));
        pack_lattice(type, blocks, shape, tiles);
    }

    size_t prepared_bytes(int64_t blocks, int64_t count, bool panels) const override {
        return panels && kernel.panels ? blocks * count * sizeof(PanelToken) : 0;
    }

    void prepare(const Tokens & tokens, void * to) const override {
        if (tokens.panels && kernel.panels) {
            prepare_panels(tokens, static_cast<PanelToken *>(to));
        }
    }

    void multiply(ggml_type type, const void * data, const Tokens & tokens, const void * prepared, float * sums) const override {
        const auto * tile = static_cast<const uint8_t *>(data);
        const size_t next = part_bytes(type, tokens.blocks_each);
        if (tokens.panels && kernel.panels) {
            kernel.panels(type, tile, next, tokens.blocks_each, static_cast<const PanelToken *>(prepared), tokens.count, sums);
            return;
        }
        for (int64_t part = 0; part < parts(); ++part) {
            multiply_part(type, tile + part * next, tokens, sums + part * LATTICE_ROWS);
        }
    }

  private:
    const LatticeKernel & kernel;

    // a tile's, of four rows each
    int64_t parts() const { return tile_rows() / LATTICE_ROWS; }

    static size_t part_bytes(ggml_type type, int64_t blocks) {
        return aligned(blocks * with_lattice(type, [](auto lattice) { return size_t(lattice.block_bytes); }));
    }

    void multiply_part(ggml_type type, const uint8_t * part, const Tokens & tokens, float * sums) const {
        if (tokens.count == 1 && !tokens.panels) {
            kernel.decode(type, part, tokens, sums);
            return;
        }
        float of_part[TOKENS_AT_ONCE * LATTICE_ROWS];
        kernel.batch(type, part, tokens, of_part);
        for (int64_t i = 0; i < tokens.count; ++i) {
            std::copy_n(of_part + i * LATTICE_ROWS, LATTICE_ROWS, sums + i * tile_rows());
        }
    }
};

} // namespace

const Family * lattice_family(const LatticeKernel & kernel) {
    static const LatticeFamily family(kernel);
    return &family;
}

} // namespace snug::kernels
