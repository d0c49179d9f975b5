// What storing a tensor in a type does to what it puts out: tr((W − Q)·H·(W − Q)ᵀ) / tr(W·H·Wᵀ), with H the mean over tokens of x·xᵀ of its
// inputs, from a sample of its rows.
#include "abort_flag.h"
#include "addon.h"
#include "arguments.h"
#include "backends.h"
#include "feed_grams.h"
#include "feed_products.h"
#include "guard.h"
#include "quantize_task.h"
#include "types.h"

#include "ggml-alloc.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace snug {

namespace {

constexpr uint32_t MOST_TYPES   = GGML_TYPE_COUNT;
constexpr int64_t  MOST_COLUMNS = 1 << 30;
// rows that a thread quantizes at a time
constexpr int64_t STRIP_ROWS = 16;

struct ErrorTask {
    QuantizeTask           tensor;
    std::vector<ggml_type> types;
    std::vector<int32_t>   rows;      // sampled, each once
    std::string            gram_path; // "": columns count by themselves
    std::vector<int64_t>   blocks;
    std::vector<float>     diagonal; // what a column counts then [columns]; none: all count the same
};

struct TypeError {
    ggml_type type;
    double    error;
    double    standard_error; // of the sample; 0 where it holds all rows
};

std::vector<ggml_type> read_types(const Napi::Object & options) {
    const auto list = read_array(options.Get("types"), "types");
    if (list.Length() > MOST_TYPES) {
        throw wrong(options.Env(), "types", "at most " + std::to_string(MOST_TYPES));
    }
    std::vector<ggml_type> types;
    for (uint32_t i = 0; i < list.Length(); ++i) {
        types.push_back(read_tensor_type(list.Get(i), "a type"));
    }
    return types;
}

ErrorTask read_error_task(const Napi::Object & options) {
    ErrorTask task;
    task.tensor    = read_source(options);
    task.types     = read_types(options);
    task.rows      = read_int32_array(options.Get("sample"), "sample");
    task.gram_path = read_string(options, "gramPath", "");
    if (!task.gram_path.empty()) {
        const auto blocks = read_array(options.Get("blocks"), "blocks");
        for (uint32_t i = 0; i < blocks.Length(); ++i) {
            task.blocks.push_back(read_whole(blocks.Get(i), "a block", 1, MOST_COLUMNS));
        }
    } else if (const auto diagonal = options.Get("diagonal"); !diagonal.IsUndefined()) {
        task.diagonal = read_float32_array(diagonal, "diagonal");
    }
    const auto columns = std::accumulate(task.blocks.begin(), task.blocks.end(), int64_t(0));
    if (!task.gram_path.empty() && columns != task.tensor.columns) {
        throw wrong(options.Env(), "blocks", "as many columns as the tensor has");
    }
    if (!task.diagonal.empty() && static_cast<int64_t>(task.diagonal.size()) != task.tensor.columns) {
        throw wrong(options.Env(), "diagonal", "a number for each column");
    }
    if (task.rows.empty() ||
        std::any_of(task.rows.begin(), task.rows.end(), [&](int32_t row) { return row < 0 || row >= task.tensor.rows; })) {
        throw wrong(options.Env(), "sample", "numbers of rows, at least one");
    }
    return task;
}

// d·H·dᵀ of rows d [count × columns], as one product of ggml's for each block of H.
class RowErrors {
  public:
    explicit RowErrors(const ErrorTask & task) : task(task), count(static_cast<int64_t>(task.rows.size())), cpu(task.tensor.threads) {
        if (task.gram_path.empty()) {
            return;
        }
        double bytes = 0;
        for (const int64_t size : task.blocks) {
            bytes += sizeof(float) * static_cast<double>(size) * (size + 2 * count);
        }
        require_memory(bytes, "the products of a matrix's inputs");
        const size_t tensors = 3 * task.blocks.size();
        context.reset(ggml_init({ tensors * ggml_tensor_overhead() + ggml_graph_overhead_custom(tensors, false), nullptr, true }));
        graph = ggml_new_graph_custom(context.get(), tensors, false);
        for (const int64_t size : task.blocks) {
            grams.push_back(ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, size, size));
            inputs.push_back(ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, size, count));
            products.push_back(ggml_mul_mat(context.get(), grams.back(), inputs.back()));
            ggml_build_forward_expand(graph, products.back());
        }
        buffer.reset(ggml_backend_alloc_ctx_tensors(context.get(), cpu.backend.get()));
        if (!buffer) {
            throw std::bad_alloc();
        }
        read_grams();
    }

    std::vector<double> of(const std::vector<float> & rows) {
        std::vector<double> errors(count, 0);
        if (grams.empty()) {
            for (int64_t row = 0; row < count; ++row) {
                for (int64_t i = 0; i < task.tensor.columns; ++i) {
                    const double value = rows[row * task.tensor.columns + i];
                    errors[row] += value * value * (task.diagonal.empty() ? 1 : task.diagonal[i]);
                }
            }
            return errors;
        }
        each_block([&](size_t block, int64_t first, int64_t size) {
            for (int64_t row = 0; row < count; ++row) {
                std::copy_n(rows.data() + row * task.tensor.columns + first, size, data(inputs[block]) + row * size);
            }
        });
        cpu.compute(graph, "the error of a matrix's outputs");
        each_block([&](size_t block, int64_t, int64_t size) {
            for (int64_t row = 0; row < count; ++row) {
                const float *left = data(inputs[block]) + row * size, *right = data(products[block]) + row * size;
                for (int64_t i = 0; i < size; ++i) {
                    errors[row] += static_cast<double>(left[i]) * right[i];
                }
            }
        });
        return errors;
    }

  private:
    const ErrorTask &          task;
    const int64_t              count;
    CpuBackend                 cpu;
    ggml_context_ptr           context;
    ggml_backend_buffer_ptr    buffer;
    ggml_cgraph *              graph = nullptr;
    std::vector<ggml_tensor *> grams, inputs, products;

    static float * data(ggml_tensor * tensor) { return static_cast<float *>(tensor->data); }

    template <class Use> void each_block(Use use) const {
        int64_t first = 0;
        for (size_t block = 0; block < task.blocks.size(); ++block) {
            use(block, first, task.blocks[block]);
            first += task.blocks[block];
        }
    }

    void read_grams() {
        const Grams file(task.gram_path, task.blocks);
        for (size_t block = 0; block < grams.size(); ++block) {
            const auto values = file.read(block, "a matrix");
            std::copy(values.begin(), values.end(), data(grams[block]));
        }
    }
};

// The sampled rows, and what a type leaves of them.
class Sample {
  public:
    explicit Sample(const ErrorTask & task) : task(task), columns(task.tensor.columns), count(static_cast<int64_t>(task.rows.size())) {
        const File source(task.tensor.source_path, File::Mode::read);
        source.require(ggml_row_size(task.tensor.source_type, columns) * task.tensor.rows, task.tensor.source_offset);
        std::vector<uint8_t> packed;
        values.resize(count * columns);
        for (int64_t i = 0; i < count; ++i) {
            read_rows(task.tensor, source, task.rows[i], 1, packed, values.data() + i * columns);
        }
    }

    const std::vector<float> & weights() const { return values; }

    // W − Q [rows × columns]
    std::vector<float> left_by(ggml_type type) const {
        auto tensor        = task.tensor;
        tensor.target_type = type;
        check(tensor);
        std::vector<float> left(values.size());
        for_each_index(tensor.threads, (count + STRIP_ROWS - 1) / STRIP_ROWS, [&](int64_t strip) {
            const int64_t        first = strip * STRIP_ROWS, end = std::min(first + STRIP_ROWS, count);
            std::vector<uint8_t> blocks(ggml_row_size(type, columns));
            for (int64_t row = first; row < end; ++row) {
                const float * importance =
                    tensor.importance.empty() ? nullptr : tensor.importance.data() + task.rows[row] / tensor.rows_per_matrix * columns;
                quantize_plain(tensor, values.data() + row * columns, blocks.data(), 1, columns, importance);
                float * out = left.data() + row * columns;
                to_floats(type, blocks.data(), out, columns);
                for (int64_t i = 0; i < columns; ++i) {
                    out[i] = values[row * columns + i] - out[i];
                }
            }
        });
        return left;
    }

  private:
    const ErrorTask &  task;
    const int64_t      columns;
    const int64_t      count;
    std::vector<float> values;
};

// The ratio of two sums over all rows from those over a sample, and its standard error (Cochran, Sampling Techniques, 6.4).
TypeError ratio_of(ggml_type type, const std::vector<double> & errors, const std::vector<double> & whole, int64_t all_rows) {
    const double sum     = std::accumulate(whole.begin(), whole.end(), 0.0);
    const double ratio   = sum > 0 ? std::accumulate(errors.begin(), errors.end(), 0.0) / sum : 0;
    const auto   count   = static_cast<double>(errors.size());
    double       squares = 0;
    for (size_t i = 0; i < errors.size(); ++i) {
        squares += (errors[i] - ratio * whole[i]) * (errors[i] - ratio * whole[i]);
    }
    const double share = count / static_cast<double>(all_rows);
    const double error = count > 1 && sum > 0 ? std::sqrt((1 - share) * squares * count / (count - 1)) / sum : 0;
    // products that are summed in float32 may leave a little less than nothing
    return { type, std::max(ratio, 0.0), error };
}

std::vector<TypeError> local_errors(const ErrorTask & task, const Abort & abort, const Emitter & emitter) {
    const Sample           sample(task);
    RowErrors              of_rows(task);
    const auto             whole = of_rows.of(sample.weights());
    std::vector<TypeError> found;
    for (const ggml_type type : task.types) {
        throw_if_aborted(abort);
        found.push_back(ratio_of(type, of_rows.of(sample.left_by(type)), whole, task.tensor.rows));
        emitter.progress(static_cast<double>(found.size()), static_cast<double>(task.types.size()));
    }
    return found;
}

Napi::Value measure(const Napi::CallbackInfo & info) {
    auto       task  = std::make_shared<ErrorTask>(read_error_task(read_object(info[0], "the task")));
    const auto abort = AbortFlag::from(info[1]);
    auto       found = std::make_shared<std::vector<TypeError>>();
    return run_async(
        info.Env(), info[2], [=](const Emitter & emitter) { *found = local_errors(*task, abort, emitter); },
        [=](Napi::Env env) {
            auto result = Napi::Array::New(env);
            for (const auto & [type, error, standard_error] : *found) {
                auto entry = Napi::Object::New(env);
                entry.Set("type", static_cast<int>(type));
                entry.Set("error", error);
                entry.Set("standardError", standard_error);
                result.Set(result.Length(), entry);
            }
            return result;
        });
}

} // namespace

void define_local_error(Napi::Env env, Napi::Object exports) { define_function<measure>(env, exports, "localErrors"); }

} // namespace snug
