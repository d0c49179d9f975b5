// Multiplies with weights of our layouts in the threads of ggml. Tokens are taken in turns of some: what a thread needs of them stays in
// its cache, and work memory is bounded. Every thread prepares them for itself; they would have to wait for each other otherwise.
#include "product.h"

#include "family.h"
#include "turns.h"

#include <algorithm>
#include <memory>
#include <vector>

namespace snug::kernels {

namespace {

constexpr int64_t TURNS_A_THREAD = 8;
// Every tile passes over what was prepared of all tokens that are taken at once: it should stay in a core's own cache.
constexpr size_t  CACHED_BYTES = 640 << 10;
constexpr int64_t AT_ONCE_BY   = 4;
// as ggml has it for grids of 256 columns (iqp.cpp)
constexpr int64_t FEWEST_IN_PANELS = 8;
constexpr int64_t PANEL_ROWS       = 8;

} // namespace

bool adds_in_panels(const ggml_tensor * operation) {
    return operation->src[1]->ne[1] >= FEWEST_IN_PANELS && operation->src[0]->ne[1] % PANEL_ROWS == 0;
}

namespace {

struct Product : Operands {
    Product(const Family & family, const ggml_tensor * operation) :
        Operands(operation), family(family), panels(adds_in_panels(operation)), at_once(std::min(tokens, cached_tokens())) {}

    const Family & family;
    bool           panels;
    int64_t        at_once;

    int64_t turns() const { return (tokens + at_once - 1) / at_once; }
    size_t  tokens_bytes() const { return aligned(at_once * shape.blocks * sizeof(TokenBlock)); }
    size_t  more_bytes() const { return aligned(prepared_bytes(at_once)); }
    size_t  thread_bytes() const { return tokens_bytes() + more_bytes() + aligned(family.made_tile_bytes(weight->type, shape.blocks)); }

  private:
    int64_t cached_tokens() const {
        const int64_t count = CACHED_BYTES / std::max<size_t>(1, prepared_bytes(1)) / AT_ONCE_BY * AT_ONCE_BY;
        return std::clamp(count, AT_ONCE_BY, TOKENS_AT_ONCE);
    }

    size_t prepared_bytes(int64_t count) const { return family.prepared_bytes(shape.blocks, count, panels); }
};

// What a thread has prepared: the tokens of one turn, from number `first` on.
struct Prepared {
    TokenBlock * tokens;
    void *       more;
    void *       tile;
    int64_t      first = -1;
    int64_t      count = 0;

    Prepared(const Product & product, const ComputeParams & parameters) {
        char * work = aligned(parameters.work) + parameters.thread * product.thread_bytes();
        tokens      = reinterpret_cast<TokenBlock *>(work);
        more        = work + product.tokens_bytes();
        tile        = work + product.tokens_bytes() + product.more_bytes();
    }

    Tokens of(const Product & product) const { return { tokens, product.shape.blocks, count, product.panels }; }

    void prepare(const Product & product, int64_t from) {
        if (from == first) {
            return;
        }
        first                = from;
        count                = std::min(product.at_once, product.tokens - from);
        const int64_t blocks = product.shape.blocks;
        for (int64_t i = 0; i < count; ++i) {
            quantize_token(product.token(from + i), blocks, tokens + i * blocks);
        }
        product.family.prepare(of(product), more);
    }
};

void multiply(const Product & product, const Prepared & prepared, int64_t tile_number) {
    alignas(ALIGNMENT) float sums[TOKENS_AT_ONCE * MOST_TILE_ROWS];
    const Family &           family    = product.family;
    const auto               type      = product.weight->type;
    const int64_t            tile_rows = family.tile_rows();
    const auto *             tile      = family.tile(type, product.weight->data, product.shape, tile_number, prepared.tile);
    family.multiply(type, tile, prepared.of(product), prepared.more, sums);
    const int64_t row = tile_number * tile_rows, rows = std::min(tile_rows, product.shape.rows - row);
    for (int64_t i = 0; i < prepared.count; ++i) {
        std::copy_n(sums + i * tile_rows, rows, product.result(prepared.first + i) + row);
    }
}

class TiledProduct final : public Operation {
  public:
    explicit TiledProduct(const Family & family) : family(family) {}

    bool work_size(int threads, const ggml_tensor * operation, size_t & bytes) override {
        bytes = ALIGNMENT + threads * Product(family, operation).thread_bytes();
        return true;
    }

    bool compute_forward(ComputeParams * parameters, ggml_tensor * operation) override {
        const Product product(family, operation);
        Prepared      prepared(product, *parameters);
        Turns &       turns  = Team::of(parameters->threadpool).turns;
        const int64_t tiles  = product.family.tiles(product.shape);
        const int64_t group  = std::max<int64_t>(1, tiles / (parameters->threads * TURNS_A_THREAD));
        const int64_t groups = (tiles + group - 1) / group;
        const int64_t pieces = groups * product.turns();
        for (int64_t piece; (piece = turns.next(pieces, parameters->threads)) < pieces;) {
            prepared.prepare(product, piece / groups * product.at_once);
            const int64_t first = piece % groups * group;
            for (int64_t tile = first; tile < std::min(first + group, tiles); ++tile) {
                multiply(product, prepared, tile);
            }
        }
        return true;
    }

  private:
    const Family & family;
};

struct Made {
    const Family *             family;
    std::unique_ptr<Operation> product;
};

// one for each family, which are made once, before the first model is opened
std::vector<Made> & products() {
    static std::vector<Made> made;
    return made;
}

} // namespace

std::unique_ptr<Operation> product_in_tiles(const Family & family) { return std::make_unique<TiledProduct>(family); }

std::unique_ptr<Operation> Family::make_product() const { return product_in_tiles(*this); }

Operation & product_of(const Family & family) {
    for (const auto & made : products()) {
        if (made.family == &family) {
            return *made.product;
        }
    }
    return *products().emplace_back(Made{ &family, family.make_product() }).product;
}

const Family * family_of(const void * product) {
    for (const auto & made : products()) {
        if (made.product.get() == product) {
            return made.family;
        }
    }
    return nullptr;
}

} // namespace snug::kernels
