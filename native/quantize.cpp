// Quantizes one tensor from file to file: each thread reads rows, converts them to floats, quantizes and writes them, so
// memory is bounded by one slab of rows per thread. The blocks are what llama-quantize writes: rows are treated one by one, so
// how they are cut into slabs changes nothing. The target is not synced: who keeps it does that.
#include "abort_flag.h"
#include "addon.h"
#include "arguments.h"
#include "files.h"
#include "q4_k.h"
#include "support.h"
#include "types.h"

#include "ggml.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <mutex>
#include <system_error>
#include <thread>

namespace snug {

namespace {

// Floats a thread holds at a time: small enough for its cache and for all threads to end a tensor together (the last one
// lets the others wait for a slab at most), large enough to hide the cost of reading.
constexpr int64_t SLAB_VALUES = 1 << 16;

struct Task {
    std::string        source_path;
    uint64_t           source_offset;
    ggml_type          source_type;
    std::string        target_path;
    ggml_type          target_type;
    int64_t            columns;
    int64_t            rows;
    int64_t            rows_per_matrix; // each expert's matrix has its own importance
    std::vector<float> importance;
    int                threads;
    bool               only_ggml; // to compare with
};

// Rows and columns whose product, in bytes of any type, still fits 64 bits.
constexpr int64_t MOST_COLUMNS = 1 << 30;
constexpr int64_t MOST_ROWS    = 1 << 30;

Task read_task(const Napi::Object & options) {
    Task task;
    task.source_path     = read_string(options, "sourcePath");
    task.source_offset   = read_integer<uint64_t>(options, "sourceOffset", 0, MOST_FILE_BYTES);
    task.source_type     = read_tensor_type(options.Get("sourceType"), "sourceType");
    task.target_path     = read_string(options, "targetPath");
    task.target_type     = read_tensor_type(options.Get("targetType"), "targetType");
    task.columns         = read_integer<int64_t>(options, "columns", 1, MOST_COLUMNS);
    task.rows            = read_integer<int64_t>(options, "rows", 1, MOST_ROWS);
    task.rows_per_matrix = read_integer<int64_t>(options, "rowsPerMatrix", 1, task.rows, task.rows);
    task.threads         = read_threads(options);
    task.only_ggml       = read_bool(options, "onlyGgml", false);
    if (task.rows % task.rows_per_matrix != 0) {
        throw wrong(options.Env(), "rowsPerMatrix", "a divisor of rows");
    }
    if (const auto importance = options.Get("importance"); !importance.IsUndefined()) {
        task.importance = read_float32_array(importance, "importance");
    }
    return task;
}

void check(const Task & task) {
    if (!can_be_read(task.source_type)) {
        throw Failure(Code::QUANTIZE, std::string("cannot convert from ") + ggml_type_name(task.source_type));
    }
    if (!can_be_quantized_to(task.target_type)) {
        throw Failure(Code::QUANTIZE, std::string("cannot convert to ") + ggml_type_name(task.target_type));
    }
    for (const auto type : { task.source_type, task.target_type }) {
        if (task.columns % ggml_blck_size(type) != 0) {
            throw Failure(Code::QUANTIZE,
                          "rows of " + std::to_string(task.columns) + " values do not divide into blocks of " + ggml_type_name(type));
        }
    }
    const int64_t matrices = task.rows / task.rows_per_matrix;
    if (!task.importance.empty() && static_cast<int64_t>(task.importance.size()) != task.columns * matrices) {
        throw Failure(Code::QUANTIZE, "the importance matrix has " + std::to_string(task.importance.size()) + " values for " +
                                          std::to_string(task.columns * matrices) + " columns");
    }
    if (task.importance.empty() && needs_importance(task.target_type)) {
        throw Failure(Code::NEEDS_IMPORTANCE, std::string(ggml_type_name(task.target_type)) + " needs an importance matrix");
    }
    for (const float value : task.importance) {
        if (!std::isfinite(value) || value < 0) {
            throw Failure(Code::QUANTIZE, "the importance matrix holds values that are not finite or below zero");
        }
    }
}

// Hands out slabs of rows to the workers; stops all of them at the first failure or when aborted.
class Slabs {
  public:
    Slabs(const Task & task, const Abort & abort, const Emitter & emitter) :
        task(task), abort(abort), emitter(emitter), rows_per_slab(std::max<int64_t>(1, SLAB_VALUES / task.columns)) {}

    bool next(int64_t & first, int64_t & count) {
        std::lock_guard<std::mutex> lock(mutex);
        if (failure || is_aborted(abort) || taken >= task.rows) {
            return false;
        }
        first = taken;
        // a slab ends where its matrix ends: the next one has other importance
        const int64_t left_in_matrix = task.rows_per_matrix - first % task.rows_per_matrix;
        count                        = std::min({ rows_per_slab, task.rows - first, left_in_matrix });
        taken += count;
        return true;
    }

    void finished(int64_t count) {
        std::lock_guard<std::mutex> lock(mutex);
        done += count;
        emitter.progress(static_cast<double>(done), static_cast<double>(task.rows));
    }

    void fail(std::exception_ptr error) {
        std::lock_guard<std::mutex> lock(mutex);
        failure = failure ? failure : error;
    }

    void rethrow() const {
        if (failure) {
            std::rethrow_exception(failure);
        }
        throw_if_aborted(abort);
    }

    int64_t largest() const { return rows_per_slab; }

  private:
    const Task &       task;
    const Abort &      abort;
    const Emitter &    emitter;
    const int64_t      rows_per_slab;
    std::mutex         mutex;
    int64_t            taken = 0;
    int64_t            done  = 0;
    std::exception_ptr failure;
};

void to_floats(ggml_type type, const void * source, float * target, int64_t count) {
    if (type == GGML_TYPE_F32) {
        std::memcpy(target, source, count * sizeof(float));
    } else {
        ggml_get_type_traits(type)->to_float(source, target, count);
    }
}

// whether all values are finite: without a branch per value, so that the compiler looks at several at once
bool all_finite(const float * values, int64_t count) {
    constexpr uint32_t EXPONENT = 0x7f800000; // all of these bits are set in infinities and NaNs, and in nothing else
    uint32_t           broken   = 0;
    for (int64_t i = 0; i < count; ++i) {
        uint32_t bits;
        std::memcpy(&bits, values + i, sizeof(bits));
        broken |= (bits & EXPONENT) == EXPONENT;
    }
    return broken == 0;
}

// ggml's quantizers do not look: K-quants turn one such value into a wrong block, IQ2 and IQ3 end the process
void check_finite(const float * values, int64_t rows, int64_t columns, int64_t first_row) {
    for (int64_t row = 0; row < rows; ++row) {
        if (!all_finite(values + row * columns, columns)) {
            throw Failure(Code::INCOHERENT,
                          "the source holds a value that is not finite, in row " + std::to_string(first_row + row) + ": it is broken");
        }
    }
}

size_t quantize_rows(const Task & task, const float * values, void * blocks, int64_t first, int64_t count) {
    if (task.importance.empty()) {
        return ggml_quantize_chunk(task.target_type, values, blocks, 0, count, task.columns, nullptr);
    }
    const float * importance = task.importance.data() + (first / task.rows_per_matrix) * task.columns;
    if (task.target_type == GGML_TYPE_Q4_K && !task.only_ggml && can_quantize_q4_k()) {
        return quantize_q4_k(values, blocks, count, task.columns, importance);
    }
    return ggml_quantize_chunk(task.target_type, values, blocks, 0, count, task.columns, importance);
}

void work_on(const Task & task, const File & source, const File & target, Slabs & slabs) {
    try {
        const size_t         source_row = ggml_row_size(task.source_type, task.columns);
        const size_t         target_row = ggml_row_size(task.target_type, task.columns);
        std::vector<uint8_t> packed(source_row * slabs.largest());
        std::vector<float>   values(task.columns * slabs.largest());
        std::vector<uint8_t> blocks(target_row * slabs.largest());
        int64_t              first = 0, count = 0;
        while (slabs.next(first, count)) {
            source.read_at(packed.data(), count * source_row, task.source_offset + first * source_row);
            to_floats(task.source_type, packed.data(), values.data(), count * task.columns);
            check_finite(values.data(), count, task.columns, first);
            const size_t bytes = quantize_rows(task, values.data(), blocks.data(), first, count);
            if (!ggml_validate_row_data(task.target_type, blocks.data(), bytes)) {
                throw Failure(Code::INCOHERENT, "the quantized rows hold values that are not finite: the source is broken here");
            }
            target.write_at(blocks.data(), bytes, first * target_row);
            slabs.finished(count);
        }
    } catch (...) {
        slabs.fail(std::current_exception());
    }
}

void quantize(const Task & task, const Abort & abort, const Emitter & emitter) {
    check(task);
    // the tables of the low-bit types are built once, before threads race for them
    ggml_quantize_init(task.target_type);
    File source(task.source_path, File::Mode::read);
    source.require(ggml_row_size(task.source_type, task.columns) * task.rows, task.source_offset);
    File                     target(task.target_path, File::Mode::write);
    Slabs                    slabs(task, abort, emitter);
    std::vector<std::thread> pool;
    const int64_t            useful = std::min<int64_t>(task.threads, (task.rows + slabs.largest() - 1) / slabs.largest());
    try {
        for (int64_t i = 1; i < useful; ++i) {
            pool.emplace_back(work_on, std::cref(task), std::cref(source), std::cref(target), std::ref(slabs));
        }
    } catch (const std::system_error &) {
        // the system has no more threads: those that started share the work
    }
    work_on(task, source, target, slabs);
    for (auto & thread : pool) {
        thread.join();
    }
    slabs.rethrow();
}

Napi::Value quantize_tensor(const Napi::CallbackInfo & info) {
    auto       task  = std::make_shared<Task>(read_task(read_object(info[0], "the task")));
    const auto abort = AbortFlag::from(info[1]);
    return run_async(
        info.Env(), info[2], [=](const Emitter & emitter) { quantize(*task, abort, emitter); },
        [](Napi::Env env) { return env.Undefined(); });
}

// dequantize(type, bytes, count) → Float32Array, for tests and for looking into a file
Napi::Value dequantize(const Napi::CallbackInfo & info) {
    auto       env   = info.Env();
    const auto type  = read_tensor_type(info[0], "the type");
    const auto bytes = read_bytes(info[1], "the bytes");
    const auto count = read_whole(info[2], "the count", 0, std::numeric_limits<int32_t>::max());
    if (!can_be_read(type) || count % ggml_blck_size(type) != 0 || ggml_row_size(type, count) > bytes.size()) {
        throw Napi::TypeError::New(env, "cannot convert these bytes to floats");
    }
    auto result = Napi::Float32Array::New(env, count);
    to_floats(type, bytes.data(), result.Data(), count);
    return result;
}

} // namespace

void define_quantize(Napi::Env env, Napi::Object exports) {
    define_function<quantize_tensor>(env, exports, "quantizeTensor");
    define_function<dequantize>(env, exports, "dequantize");
}

} // namespace snug
