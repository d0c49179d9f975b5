#pragma once

#include "files.h"
#include "support.h"

#include "ggml.h"

#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace snug {

// One tensor to quantize, from file to file.
struct QuantizeTask {
    std::string        source_path;
    uint64_t           source_offset;
    ggml_type          source_type;
    std::string        target_path;
    uint64_t           target_offset; // of the first block
    ggml_type          target_type;
    int64_t            columns;
    int64_t            rows;
    int64_t            rows_per_matrix; // each expert's matrix has its own importance
    std::vector<float> importance;
    int                threads;
    bool               only_ggml; // to compare with
};

QuantizeTask read_quantize_task(const Napi::Object & options);
// The same without a target.
QuantizeTask read_source(const Napi::Object & options);
// Throws Failure QUANTIZE or NEEDS_IMPORTANCE for what cannot be done, before anything is written.
void check(const QuantizeTask & task);

void to_floats(ggml_type type, const void * source, float * target, int64_t count);

// Rows of the source as floats [count × columns]. Throws Failure INCOHERENT where one holds a value that is not finite: ggml's quantizers do
// not look. K-quants turn one such value into a wrong block, IQ2 and IQ3 end the process.
void read_rows(const QuantizeTask & task, const File & source, int64_t first, int64_t count, std::vector<uint8_t> & packed, float * values);

// The plain blocks of rows of `columns` values each, which may be a part of the tensor's columns. `importance` [columns] or null.
size_t quantize_plain(const QuantizeTask & task, const float * values, void * blocks, int64_t rows, int64_t columns,
                      const float * importance);

// Throws Failure INCOHERENT unless ggml finds the blocks sound.
void check_blocks(const QuantizeTask & task, const void * blocks, size_t bytes);

// Hands out slabs of rows to the workers; stops all of them at the first failure or when aborted.
class Slabs {
  public:
    // `steps_before`: what was done before the rows, in the unit of a row; progress begins there
    Slabs(const QuantizeTask & task, const Abort & abort, const Emitter & emitter, int64_t rows_per_slab, int64_t steps_before = 0) :
        task(task), abort(abort), emitter(emitter), rows_per_slab(rows_per_slab), steps_before(steps_before) {}

    bool next(int64_t & first, int64_t & count);
    void finished(int64_t count);
    // Runs `work` on up to so many threads and waits for all. Throws the first failure, or CANCELLED.
    void    run(int threads, const std::function<void()> & work);
    int64_t largest() const { return rows_per_slab; }

  private:
    void fail(std::exception_ptr error);

    const QuantizeTask & task;
    const Abort &        abort;
    const Emitter &      emitter;
    const int64_t        rows_per_slab;
    const int64_t        steps_before;
    std::mutex           mutex;
    int64_t              taken = 0;
    int64_t              done  = 0;
    std::exception_ptr   failure;
};

// Writes the plain blocks of the whole tensor (quantize.cpp).
void quantize(const QuantizeTask & task, const Abort & abort, const Emitter & emitter, int64_t steps_before);

} // namespace snug
