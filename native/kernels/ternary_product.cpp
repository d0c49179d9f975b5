// Multiplies with ternary planes in the threads of ggml. Tokens are taken in turns of some: what a thread needs of them stays in its
// cache, and work memory is bounded. Every thread prepares them for itself; they would have to wait for each other otherwise.
#include "ternary_product.h"

#include "ternary.h"
#include "turns.h"

#include <algorithm>

namespace snug::kernels {

namespace {

constexpr int64_t TOKENS_AT_ONCE = 64;
constexpr int64_t TURNS_A_THREAD = 8;
constexpr size_t  ALIGNMENT      = 64;

constexpr size_t aligned(size_t bytes) { return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

struct Product {
    explicit Product(const ggml_tensor * operation) :
        weight(operation->src[0]), input(operation->src[1]), output(operation), shape{ weight->ne[0] / BLOCK, weight->ne[1] },
        tokens(ggml_nrows(input)) {}

    const ggml_tensor * weight;
    const ggml_tensor * input;
    const ggml_tensor * output;
    TernaryShape        shape;
    int64_t             tokens;

    int64_t at_once() const { return std::min(tokens, TOKENS_AT_ONCE); }
    size_t  tokens_bytes() const { return aligned(at_once() * shape.blocks * sizeof(TokenBlock)); }
    size_t  shifts_bytes() const { return tokens == 1 ? aligned(shape.blocks * sizeof(TokenShifts)) : 0; }
    size_t  thread_bytes() const { return tokens_bytes() + shifts_bytes(); }

    const float * token(int64_t number) const { return static_cast<const float *>(row_of(input, number)); }
    float *       result(int64_t number) const { return static_cast<float *>(const_cast<void *>(row_of(output, number))); }

  private:
    static const void * row_of(const ggml_tensor * tensor, int64_t number) {
        const int64_t i1 = number % tensor->ne[1], i2 = number / tensor->ne[1] % tensor->ne[2],
                      i3 = number / (tensor->ne[1] * tensor->ne[2]);
        return static_cast<const char *>(tensor->data) + i1 * tensor->nb[1] + i2 * tensor->nb[2] + i3 * tensor->nb[3];
    }
};

// What a thread has prepared: the tokens of one turn, from number `first` on.
struct Prepared {
    TokenBlock *  tokens;
    TokenShifts * shifts;
    int64_t       first = -1;

    Prepared(const Product & product, const ComputeParams & parameters) {
        auto * work = static_cast<char *>(parameters.work);
        work += (ALIGNMENT - reinterpret_cast<uintptr_t>(work) % ALIGNMENT) % ALIGNMENT + parameters.thread * product.thread_bytes();
        tokens = reinterpret_cast<TokenBlock *>(work);
        shifts = reinterpret_cast<TokenShifts *>(work + product.tokens_bytes());
    }

    void prepare(const Product & product, int64_t from, int64_t count) {
        if (from == first) {
            return;
        }
        first                = from;
        const int64_t blocks = product.shape.blocks;
        for (int64_t i = 0; i < count; ++i) {
            quantize_token(product.token(from + i), blocks, tokens + i * blocks);
        }
        if (product.tokens == 1) {
            shifts_of(tokens, blocks, shifts);
        }
    }
};

void multiply(const Product & product, const Prepared & prepared, int64_t tile_number, int64_t count) {
    alignas(ALIGNMENT) float sums[TOKENS_AT_ONCE * TILE];
    const TernaryTile        tile(product.weight->data, product.shape, tile_number);
    const auto *             kernel = ternary_kernel();
    if (product.tokens == 1) {
        kernel->decode(tile, prepared.tokens, prepared.shifts, sums);
    } else {
        kernel->batch(tile, prepared.tokens, count, sums);
    }
    const int64_t row = tile_number * TILE, rows = std::min<int64_t>(TILE, product.shape.rows - row);
    for (int64_t i = 0; i < count; ++i) {
        std::copy_n(sums + i * TILE, rows, product.result(prepared.first + i) + row);
    }
}

class TernaryProduct final : public Operation {
  public:
    bool work_size(int threads, const ggml_tensor * operation, size_t & bytes) override {
        bytes = ALIGNMENT + threads * Product(operation).thread_bytes();
        return true;
    }

    bool compute_forward(ComputeParams * parameters, ggml_tensor * operation) override {
        const Product product(operation);
        Prepared      prepared(product, *parameters);
        Turns &       turns  = Turns::of(parameters->threadpool);
        const int64_t tiles  = product.shape.tiles();
        const int64_t group  = std::max<int64_t>(1, tiles / (parameters->threads * TURNS_A_THREAD));
        const int64_t groups = (tiles + group - 1) / group;
        const int64_t pieces = groups * ((product.tokens + TOKENS_AT_ONCE - 1) / TOKENS_AT_ONCE);
        for (int64_t piece; (piece = turns.next(pieces, parameters->threads)) < pieces;) {
            const int64_t from  = piece / groups * TOKENS_AT_ONCE;
            const int64_t count = std::min(TOKENS_AT_ONCE, product.tokens - from);
            prepared.prepare(product, from, count);
            const int64_t first = piece % groups * group;
            for (int64_t tile = first; tile < std::min(first + group, tiles); ++tile) {
                multiply(product, prepared, tile, count);
            }
        }
        return true;
    }
};

} // namespace

Operation & ternary_product() {
    static TernaryProduct product;
    return product;
}

} // namespace snug::kernels
