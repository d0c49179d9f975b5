// How fast this machine multiplies one token's vector with matrices of a given type and shape: what bounds decoding.
#include "abort_flag.h"
#include "addon.h"
#include "arguments.h"
#include "backends.h"
#include "kernels/family.h"
#include "kernels/random_blocks.h"
#include "quantizers/quantizers.h"
#include "types.h"

#include "ggml-alloc.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <random>

namespace snug {

namespace {

constexpr size_t  LEAST_RUNS   = 5; // of one token
constexpr int64_t MOST_COPIES  = 128;
constexpr int64_t LONGEST_SIDE = 1 << 24;
constexpr double  MOST_SECONDS = 60;
constexpr int64_t MOST_TOKENS  = 1 << 12;

struct ProbeTask {
    ggml_type type;
    int64_t   columns;
    int64_t   rows;
    double    working_set_bytes; // weights cycled through, larger than the caches: a real model never fits them
    double    seconds;           // how long to measure
    int       threads;
    int64_t   tokens;    // 1 is decoding
    bool      as_stored; // in ggml's blocks, also where they are arranged anew as a model is loaded
    bool      wide;      // where they may take much more room than those
};

// Whether ggml builds tables for seconds before it can quantize to a type (ggml_quantize_init).
bool needs_tables(ggml_type type) {
    switch (type) {
        case GGML_TYPE_IQ1_S:
        case GGML_TYPE_IQ1_M:
        case GGML_TYPE_IQ2_XXS:
        case GGML_TYPE_IQ2_XS:
        case GGML_TYPE_IQ2_S:
        case GGML_TYPE_IQ3_XXS:
        case GGML_TYPE_IQ3_S:   return true;
        default:                return false;
    }
}

std::vector<uint8_t> random_rows(ggml_type type, int64_t columns, int64_t rows) {
    if (needs_tables(type)) {
        uint32_t state = 1;
        return kernels::random_blocks(type, columns, rows, state);
    }
    std::vector<float> values(rows * columns), importance(columns, 1);
    std::mt19937       random(1);
    for (auto & value : values) {
        value = static_cast<float>(random()) / 4294967296.0f - 0.5f;
    }
    std::vector<uint8_t> blocks(rows * ggml_row_size(type, columns));
    quantize_rows(type, values.data(), blocks.data(), rows, columns, importance.data());
    return blocks;
}

constexpr int64_t PIECE = 256; // columns, as the largest blocks have

// Made of pieces of a few random rows. How long looking up takes depends on how much is looked up: rows that repeat would find all of
// it in the first cache.
std::vector<uint8_t> random_weights(const ProbeTask & task) {
    const int64_t        distinct    = std::min<int64_t>(task.rows, 16);
    const size_t         piece_bytes = ggml_row_size(task.type, std::gcd(task.columns, PIECE));
    std::vector<uint8_t> weights     = random_rows(task.type, task.columns, distinct);
    const size_t         made        = weights.size();
    std::mt19937         random(1);
    weights.resize(ggml_row_size(task.type, task.columns) * task.rows);
    for (size_t at = made; at < weights.size(); at += piece_bytes) {
        std::copy_n(weights.begin() + random() % (made / piece_bytes) * piece_bytes, piece_bytes, weights.begin() + at);
    }
    return weights;
}

// bytes of weights per second
double probe(const ProbeTask & task, const Abort & abort) {
    const kernels::Wide wide(task.wide);
    const size_t        matrix_bytes = ggml_row_size(task.type, task.columns) * task.rows;
    // a small model fits the caches in reality too: no more copies than a deep model has layers
    const int64_t copies = static_cast<int64_t>(std::clamp<double>(task.working_set_bytes / matrix_bytes, 1, MOST_COPIES));
    require_memory(static_cast<double>(matrix_bytes) * (copies + 1), "the product");
    CpuBackend cpu(task.threads);

    ggml_context_ptr weight_context(ggml_init({ (copies + 1) * ggml_tensor_overhead(), nullptr, true }));
    ggml_context_ptr context(
        ggml_init({ (copies + 4) * ggml_tensor_overhead() + ggml_graph_overhead_custom(copies + 8, false), nullptr, true }));
    auto *                     input = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, task.columns, task.tokens);
    auto *                     graph = ggml_new_graph_custom(context.get(), copies + 8, false);
    std::vector<ggml_tensor *> weights;
    for (int64_t i = 0; i < copies; ++i) {
        weights.push_back(ggml_new_tensor_2d(weight_context.get(), task.type, task.columns, task.rows));
        ggml_build_forward_expand(graph, ggml_mul_mat(context.get(), weights.back(), input));
    }
    ggml_backend_buffer_ptr buffer(ggml_backend_alloc_ctx_tensors(context.get(), cpu.backend.get()));
    auto * type = task.as_stored ? ggml_backend_dev_buffer_type(cpu_device()) : weight_buffer_type(ggml_graph_node(graph, 0));
    ggml_backend_buffer_ptr weight_buffer(ggml_backend_alloc_ctx_tensors_from_buft(weight_context.get(), type));
    if (!buffer || !weight_buffer) {
        throw std::bad_alloc();
    }
    const auto data = random_weights(task);
    for (auto * weight : weights) {
        ggml_backend_tensor_set(weight, data.data(), 0, data.size());
    }
    const std::vector<float> ones(task.columns * task.tokens, 1);
    ggml_backend_tensor_set(input, ones.data(), 0, ones.size() * sizeof(float));

    const auto run = [&] {
        throw_if_aborted(abort);
        const auto start = std::chrono::steady_clock::now();
        cpu.compute(graph, std::string("a product with ") + ggml_type_name(task.type));
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    run(); // the first run touches the pages
    const size_t least = task.tokens == 1 ? LEAST_RUNS : 1;
    size_t       runs  = 0;
    double       spent = 0;
    while (spent < task.seconds || runs < least) {
        spent += run();
        ++runs;
    }
    // the mean, interruptions included: a token's time is a sum of many products, and medians don't add up to that of a sum
    return static_cast<double>(matrix_bytes) * copies * runs / spent;
}

Napi::Value probe_product(const Napi::CallbackInfo & info) {
    auto            options = read_object(info[0], "the task");
    const ProbeTask task{
        read_tensor_type(options.Get("type"), "type"),
        read_integer<int64_t>(options, "columns", 1, LONGEST_SIDE),
        read_integer<int64_t>(options, "rows", 1, LONGEST_SIDE),
        read_number(options, "workingSetBytes", 0, MOST_FILE_BYTES),
        read_number(options, "seconds", 0, MOST_SECONDS),
        read_threads(options),
        read_integer<int64_t>(options, "tokens", 1, MOST_TOKENS, int64_t(1)),
        read_bool(options, "asStored", false),
        read_bool(options, "wide", false),
    };
    const auto abort  = AbortFlag::from(info[1]);
    auto       result = std::make_shared<double>(0);
    return run_async(
        info.Env(), info.Env().Undefined(),
        [=](const Emitter &) {
            if (!can_be_quantized_to(task.type)) {
                throw Failure(Code::PROBE, std::string("there are no weights of ") + ggml_type_name(task.type));
            }
            if (task.columns % ggml_blck_size(task.type) != 0) {
                throw Failure(Code::PROBE, "the shape does not fit the type");
            }
            *result = probe(task, abort);
        },
        [=](Napi::Env env) { return Napi::Number::New(env, *result); });
}

} // namespace

void define_probe(Napi::Env env, Napi::Object exports) { define_function<probe_product>(env, exports, "probeProduct"); }

} // namespace snug
