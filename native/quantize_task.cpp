#include "quantize_task.h"

#include "arguments.h"
#include "quantizers/quantizers.h"
#include "types.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <system_error>
#include <thread>

namespace snug {

// Rows and columns whose product, in bytes of any type, still fits 64 bits.
constexpr int64_t MOST_COLUMNS = 1 << 30;
constexpr int64_t MOST_ROWS    = 1 << 30;

QuantizeTask read_source(const Napi::Object & options) {
    QuantizeTask task;
    task.source_path     = read_string(options, "sourcePath");
    task.source_offset   = read_integer<uint64_t>(options, "sourceOffset", 0, MOST_FILE_BYTES);
    task.source_type     = read_tensor_type(options.Get("sourceType"), "sourceType");
    task.target_type     = task.source_type;
    task.target_offset   = 0;
    task.columns         = read_integer<int64_t>(options, "columns", 1, MOST_COLUMNS);
    task.rows            = read_integer<int64_t>(options, "rows", 1, MOST_ROWS);
    task.rows_per_matrix = read_integer<int64_t>(options, "rowsPerMatrix", 1, task.rows, task.rows);
    task.threads         = read_threads(options);
    task.only_ggml       = false;
    if (task.rows % task.rows_per_matrix != 0) {
        throw wrong(options.Env(), "rowsPerMatrix", "a divisor of rows");
    }
    if (const auto importance = options.Get("importance"); !importance.IsUndefined()) {
        task.importance = read_float32_array(importance, "importance");
    }
    return task;
}

QuantizeTask read_quantize_task(const Napi::Object & options) {
    auto task          = read_source(options);
    task.target_path   = read_string(options, "targetPath");
    task.target_offset = read_integer<uint64_t>(options, "targetOffset", 0, MOST_FILE_BYTES, uint64_t(0));
    task.target_type   = read_tensor_type(options.Get("targetType"), "targetType");
    task.only_ggml     = read_bool(options, "onlyGgml", false);
    return task;
}

void check(const QuantizeTask & task) {
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

void to_floats(ggml_type type, const void * source, float * target, int64_t count) {
    if (type == GGML_TYPE_F32) {
        std::memcpy(target, source, count * sizeof(float));
    } else {
        ggml_get_type_traits(type)->to_float(source, target, count);
    }
}

void read_rows(const QuantizeTask & task, const File & source, int64_t first, int64_t count, std::vector<uint8_t> & packed,
               float * values) {
    const size_t row_bytes = ggml_row_size(task.source_type, task.columns);
    packed.resize(std::max(packed.size(), row_bytes * count));
    source.read_at(packed.data(), count * row_bytes, task.source_offset + first * row_bytes);
    to_floats(task.source_type, packed.data(), values, count * task.columns);
    for (int64_t row = 0; row < count; ++row) {
        if (!all_finite(values + row * task.columns, task.columns)) {
            throw Failure(Code::INCOHERENT,
                          "the source holds a value that is not finite, in row " + std::to_string(first + row) + ": it is broken");
        }
    }
}

size_t quantize_plain(const QuantizeTask & task, const float * values, void * blocks, int64_t rows, int64_t columns,
                      const float * importance) {
    return (task.only_ggml ? quantize_by_ggml : quantize_rows)(task.target_type, values, blocks, rows, columns, importance);
}

void check_blocks(const QuantizeTask & task, const void * blocks, size_t bytes) {
    if (!ggml_validate_row_data(task.target_type, blocks, bytes)) {
        throw Failure(Code::INCOHERENT, "the quantized rows hold values that are not finite: the source is broken here");
    }
}

bool Slabs::next(int64_t & first, int64_t & count) {
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

void Slabs::finished(int64_t count) {
    std::lock_guard<std::mutex> lock(mutex);
    done += count;
    emitter.progress(static_cast<double>(steps_before + done), static_cast<double>(steps_before + task.rows));
}

void Slabs::fail(std::exception_ptr error) {
    std::lock_guard<std::mutex> lock(mutex);
    failure = failure ? failure : error;
}

void Slabs::run(int threads, const std::function<void()> & work) {
    const auto guarded = [&] {
        try {
            work();
        } catch (...) {
            fail(std::current_exception());
        }
    };
    std::vector<std::thread> pool;
    const int64_t            useful = std::min<int64_t>(threads, (task.rows + rows_per_slab - 1) / rows_per_slab);
    try {
        for (int64_t i = 1; i < useful; ++i) {
            pool.emplace_back(guarded);
        }
    } catch (const std::system_error &) {
        // the system has no more threads: those that started share the work
    }
    guarded();
    for (auto & thread : pool) {
        thread.join();
    }
    if (failure) {
        std::rethrow_exception(failure);
    }
    throw_if_aborted(abort);
}

} // namespace snug
