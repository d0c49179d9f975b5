#include "gram.h"

#include "support.h"

#include "ggml-alloc.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace snug {

namespace {

// Rows of a block that are summed by one product: with fewer less is computed twice, with more a product is quicker.
constexpr int64_t STRIP_ROWS = 512;
// ggml's quick products want the number of summed terms, tokens here, to divide by the values of a vector register.
constexpr int64_t TOKEN_MULTIPLE = 32;
constexpr int64_t ROWS_AT_A_TIME = 256;

} // namespace

std::vector<int64_t> gram_blocks(int64_t columns) {
    std::vector<int64_t> sizes;
    const int64_t        size = columns <= WIDEST_WHOLE ? columns : BLOCK_COLUMNS;
    for (int64_t first = 0; first < columns; first += size) {
        sizes.push_back(std::min(size, columns - first));
    }
    return sizes;
}

Gram::Gram(int64_t columns, ggml_backend_t backend) : width(columns), sizes(gram_blocks(columns)) {
    size_t  strips = 0;
    double  values = 0;
    int64_t first  = 0;
    for (const int64_t size : sizes) {
        strips += (size + STRIP_ROWS - 1) / STRIP_ROWS;
        values += static_cast<double>(size) * size;
    }
    require_memory(values * sizeof(float), "the products of a layer's inputs");
    context.reset(ggml_init({ strips * ggml_tensor_overhead(), nullptr, true }));
    for (const int64_t size : sizes) {
        Block block{ first, size, {} };
        for (int64_t row = 0; row < size; row += STRIP_ROWS) {
            block.strips.push_back({ row, ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, std::min(STRIP_ROWS, size - row), size - row) });
        }
        split.push_back(std::move(block));
        first += size;
    }
    buffer.reset(ggml_backend_alloc_ctx_tensors(context.get(), backend));
    if (!buffer) {
        throw std::bad_alloc();
    }
    ggml_backend_buffer_clear(buffer.get(), 0);
}

// The same for both halves, so that the whole is exactly symmetric.
float Gram::Block::at(int64_t row, int64_t column) const {
    if (row > column) {
        std::swap(row, column);
    }
    const auto & strip = strips[row / STRIP_ROWS];
    return static_cast<const float *>(strip.sums->data)[(column - strip.row) * strip.sums->ne[0] + row - strip.row];
}

int64_t Gram::zero_columns() const {
    int64_t count = 0;
    for (const auto & block : split) {
        for (int64_t i = 0; i < block.size; ++i) {
            count += block.at(i, i) == 0;
        }
    }
    return count;
}

void Gram::write(const File & file) const {
    const double       scale  = weight > 0 ? 1 / weight : 0;
    uint64_t           offset = 0;
    std::vector<float> rows;
    for (const auto & block : split) {
        for (int64_t first = 0; first < block.size; first += ROWS_AT_A_TIME) {
            const int64_t count = std::min(ROWS_AT_A_TIME, block.size - first);
            rows.resize(count * block.size);
            // by column: what lies close together is read together
            for (int64_t column = 0; column < block.size; ++column) {
                for (int64_t row = 0; row < count; ++row) {
                    rows[row * block.size + column] = static_cast<float>(block.at(first + row, column) * scale);
                }
            }
            file.write_at(rows.data(), rows.size() * sizeof(float), offset);
            offset += rows.size() * sizeof(float);
        }
    }
}

GramSums::GramSums(int threads) : cpu(threads), scratch(ggml_gallocr_new(ggml_backend_get_default_buffer_type(cpu.backend.get()))) {}

void GramSums::use(ggml_threadpool * threads) {
    const auto set = cpu_function<void (*)(ggml_backend_t, ggml_threadpool *)>("ggml_backend_cpu_set_threadpool");
    if (set) {
        set(cpu.backend.get(), threads);
    }
}

Gram & GramSums::gram_of(const ggml_tensor * input, const std::string & weight) {
    const auto known = std::find_if(list.begin(), list.end(), [&](const auto & gram) {
        return std::find(gram->weights.begin(), gram->weights.end(), weight) != gram->weights.end();
    });
    if (known != list.end()) {
        return **known;
    }
    list.push_back(std::make_unique<Gram>(input->ne[0], cpu.backend.get()));
    list.back()->weights.push_back(weight);
    return *list.back();
}

void GramSums::add(const ggml_tensor * input, const std::string & weight) {
    if (is_last(input)) {
        auto & names = last->weights;
        if (std::find(names.begin(), names.end(), weight) == names.end()) {
            names.push_back(weight);
        }
        return;
    }
    require_weights_of(input);
    if (input->ne[2] * input->ne[3] != 1) {
        throw Failure(Code::TAP, "the input of " + weight + " is no matrix");
    }
    for (int64_t token = 0; token < input->ne[1]; ++token) {
        const auto * x = reinterpret_cast<const float *>(static_cast<const char *>(input->data) + token * input->nb[1]);
        if (!all_finite(x, input->ne[0])) {
            throw Failure(Code::INCOHERENT, "a value that is not finite reached " + weight + ": the model is broken or overflows");
        }
    }
    last = &gram_of(input, weight);
    multiply(input, *last);
    last->tokens += input->ne[1];
    last->weight += weights().empty() ? static_cast<double>(input->ne[1]) : std::accumulate(weights().begin(), weights().end(), 0.0);
    remember(input);
}

void GramSums::multiply(const ggml_tensor * input, Gram & gram) {
    const int64_t tokens  = input->ne[1];
    const int64_t missing = (TOKEN_MULTIPLE - tokens % TOKEN_MULTIPLE) % TOKEN_MULTIPLE;
    size_t        nodes   = 4;
    for (const auto & block : gram.parts()) {
        nodes += 6 + 4 * block.strips.size();
    }
    ggml_context_ptr context(ggml_init({ nodes * ggml_tensor_overhead() + ggml_graph_overhead_custom(nodes, false), nullptr, true }));
    auto *           graph = ggml_new_graph_custom(context.get(), nodes, false);
    // the input where it lies, without what it was computed from
    auto * x  = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, input->ne[0], tokens);
    x->data   = input->data;
    x->buffer = input->buffer;
    x->nb[1]  = input->nb[1];
    x->nb[2] = x->nb[3] = input->nb[1] * tokens;
    // both factors of a product get the root of a token's weight
    std::vector<float> roots;
    ggml_tensor *      root = nullptr;
    if (!weights().empty()) {
        for (const float weight : weights()) {
            roots.push_back(std::sqrt(weight));
        }
        root         = ggml_new_tensor_1d(context.get(), GGML_TYPE_F32, tokens);
        root->data   = roots.data();
        root->buffer = input->buffer;
    }
    for (const auto & block : gram.parts()) {
        auto * part    = ggml_view_2d(context.get(), x, block.size, tokens, x->nb[1], block.first * sizeof(float));
        auto * columns = ggml_cont(context.get(), ggml_transpose(context.get(), part)); // [tokens × columns]
        columns        = root ? ggml_mul_inplace(context.get(), columns, root) : columns;
        columns        = missing ? ggml_pad(context.get(), columns, static_cast<int>(missing), 0, 0, 0) : columns;
        for (const auto & strip : block.strips) {
            const auto from = [&](int64_t count) {
                return ggml_view_2d(context.get(), columns, columns->ne[0], count, columns->nb[1], strip.row * columns->nb[1]);
            };
            auto * product = ggml_mul_mat(context.get(), from(strip.sums->ne[0]), from(block.size - strip.row));
            ggml_build_forward_expand(graph, ggml_add_inplace(context.get(), strip.sums, product));
        }
    }
    if (!ggml_gallocr_alloc_graph(scratch.get(), graph)) {
        throw std::bad_alloc();
    }
    cpu.compute(graph, "the products of a layer's inputs");
}

} // namespace snug
