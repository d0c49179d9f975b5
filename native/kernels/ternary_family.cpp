#include "ternary.h"

#include "processors.h"

namespace snug::kernels {

SNUG_VECTORS void shifts_of(const TokenBlock * token, int64_t blocks, TokenShifts * shifts) {
    for (int64_t i = 0; i < blocks; ++i) {
        for (int group = 0; group < GROUPS; ++group) {
            const int sum                  = token[i].sums[group];
            shifts[i].more[group]          = 2 * sum;
            shifts[i].base_of_group[group] = static_cast<int16_t>(-9 * sum);
            shifts[i].more_of_group[group] = static_cast<int16_t>(2 * sum);
        }
        for (int run = 0; run < RUNS; ++run) {
            shifts[i].base[run] = -9 * (token[i].sums[2 * run] + token[i].sums[2 * run + 1]);
        }
    }
}

namespace {

class TernaryFamily final : public Family {
  public:
    explicit TernaryFamily(const TernaryKernel & kernel) : kernel(kernel) {}

    const char *           name() const override { return kernel.name; }
    std::vector<ggml_type> types() const override { return { GGML_TYPE_IQ1_M, GGML_TYPE_IQ1_S }; }
    int64_t                tile_rows() const override { return TILE; }
    size_t                 tile_bytes(ggml_type, int64_t blocks) const override { return TernaryTile::bytes(blocks); }

    void pack(ggml_type type, const void * blocks, const Shape & shape, void * tiles) const override {
        pack_ternary(type, blocks, shape, tiles);
    }

    size_t prepared_bytes(int64_t blocks, int64_t count) const override { return count == 1 ? blocks * sizeof(TokenShifts) : 0; }

    void prepare(const TokenBlock * tokens, int64_t blocks, int64_t count, void * to) const override {
        if (count == 1) {
            shifts_of(tokens, blocks, static_cast<TokenShifts *>(to));
        }
    }

    void multiply(ggml_type, const void * data, int64_t blocks, const Tokens & tokens, float * sums) const override {
        const TernaryTile tile(data, blocks);
        if (tokens.count == 1) {
            kernel.decode(tile, tokens.blocks, static_cast<const TokenShifts *>(tokens.prepared), sums);
        } else {
            kernel.batch(tile, tokens.blocks, tokens.count, sums);
        }
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
