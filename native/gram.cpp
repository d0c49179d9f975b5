#include "gram.h"

#include "support.h"

#include "ggml-alloc.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace snug {

namespace {

// Rows of a block that are summed by one product: with many more is computed twice, with few the threads wait for each other.
constexpr int64_t STRIP_ROWS = 512;
// ggml's quick products want the number of summed terms, tokens here, to divide by the values of a vector register.
constexpr int64_t TOKEN_MULTIPLE = 32;
// columns that are turned into rows together: as many lines of a cache are written to by turns
constexpr int64_t COLUMNS_AT_A_TIME = 8;
constexpr int64_t ROWS_AT_A_TIME    = 256;

int64_t padded(int64_t tokens) { return (tokens + TOKEN_MULTIPLE - 1) / TOKEN_MULTIPLE * TOKEN_MULTIPLE; }

// target [columns × padded tokens]: the columns of the input from `first` on, each token times its root, then zeros
void turn_columns(const ggml_tensor * input, int64_t first, const std::vector<float> & roots, ggml_tensor * target) {
    const int64_t tokens = input->ne[1], step = target->ne[0], count = target->ne[1];
    auto *        rows = static_cast<float *>(target->data);
    for (int64_t column = 0; column < count; column += COLUMNS_AT_A_TIME) {
        const int64_t together = std::min(COLUMNS_AT_A_TIME, count - column);
        for (int64_t token = 0; token < tokens; ++token) {
            const auto * x =
                reinterpret_cast<const float *>(static_cast<const char *>(input->data) + token * input->nb[1]) + first + column;
            for (int64_t i = 0; i < together; ++i) {
                rows[(column + i) * step + token] = roots.empty() ? x[i] : x[i] * roots[token];
            }
        }
        for (int64_t i = 0; i < together; ++i) {
            std::fill_n(rows + (column + i) * step + tokens, step - tokens, 0.0f);
        }
    }
}

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
    // both factors of a product get the root of a token's weight
    std::vector<float> roots;
    for (const float weight : weights()) {
        roots.push_back(std::sqrt(weight));
    }
    for (const auto & block : gram.parts()) {
        const size_t     nodes = 4 + 4 * block.strips.size();
        ggml_context_ptr context(ggml_init({ nodes * ggml_tensor_overhead() + ggml_graph_overhead_custom(nodes, false), nullptr, true }));
        auto *           graph  = ggml_new_graph_custom(context.get(), nodes, false);
        auto *           turned = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, padded(input->ne[1]), block.size);
        ggml_set_input(turned);
        for (const auto & strip : block.strips) {
            const auto from = [&](int64_t count) {
                return ggml_view_2d(context.get(), turned, turned->ne[0], count, turned->nb[1], strip.row * turned->nb[1]);
            };
            auto * product = ggml_mul_mat(context.get(), from(strip.sums->ne[0]), from(block.size - strip.row));
            ggml_build_forward_expand(graph, ggml_add_inplace(context.get(), strip.sums, product));
        }
        if (!ggml_gallocr_alloc_graph(scratch.get(), graph)) {
            throw std::bad_alloc();
        }
        turn_columns(input, block.first, roots, turned);
        cpu.compute(graph, "the products of a layer's inputs");
    }
}

} // namespace snug
