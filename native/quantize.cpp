// Quantizes one tensor from file to file: each thread reads rows, converts them to floats, quantizes and writes them, so
// memory is bounded by one slab of rows per thread. The blocks are what llama-quantize writes: rows are treated one by one, so
// how they are cut into slabs changes nothing. The target is not synced: who keeps it does that.
#include "abort_flag.h"
#include "addon.h"
#include "arguments.h"
#include "guard.h"
#include "quantize_task.h"
#include "types.h"

#include <algorithm>
#include <limits>

namespace snug {

namespace {

// Floats a thread holds at a time: small enough for its cache and for all threads to end a tensor together (the last one
// lets the others wait for a slab at most), large enough to hide the cost of reading.
constexpr int64_t SLAB_VALUES = 1 << 16;

void work_on(const QuantizeTask & task, const File & source, const File & target, Slabs & slabs) {
    const size_t         target_row = ggml_row_size(task.target_type, task.columns);
    std::vector<uint8_t> packed;
    std::vector<float>   values(task.columns * slabs.largest());
    std::vector<uint8_t> blocks(target_row * slabs.largest());
    int64_t              first = 0, count = 0;
    while (slabs.next(first, count)) {
        read_rows(task, source, first, count, packed, values.data());
        const float * importance = task.importance.empty() ? nullptr : task.importance.data() + first / task.rows_per_matrix * task.columns;
        const size_t  bytes      = quantize_plain(task, values.data(), blocks.data(), count, task.columns, importance);
        check_blocks(task, blocks.data(), bytes);
        target.write_at(blocks.data(), bytes, task.target_offset + first * target_row);
        slabs.finished(count);
    }
}

} // namespace

void quantize(const QuantizeTask & task, const Abort & abort, const Emitter & emitter, int64_t steps_before) {
    check(task);
    File source(task.source_path, File::Mode::read);
    source.require(ggml_row_size(task.source_type, task.columns) * task.rows, task.source_offset);
    File  target(task.target_path, File::Mode::write);
    Slabs slabs(task, abort, emitter, std::max<int64_t>(1, SLAB_VALUES / task.columns), steps_before);
    slabs.run(task.threads, [&] { work_on(task, source, target, slabs); });
}

namespace {

Napi::Value quantize_tensor(const Napi::CallbackInfo & info) {
    auto       task  = std::make_shared<QuantizeTask>(read_quantize_task(read_object(info[0], "the task")));
    const auto abort = AbortFlag::from(info[1]);
    return run_async(
        info.Env(), info[2], [=](const Emitter & emitter) { quantize(*task, abort, emitter, 0); },
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
