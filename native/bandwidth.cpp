// How fast this machine reads memory that its caches don't hold: what decoding can't be faster than.
#include "abort_flag.h"
#include "addon.h"
#include "arguments.h"
#include "backends.h"

#include <atomic>
#include <chrono>
#include <cstring>
#include <numeric>
#include <thread>

namespace snug {

namespace {

using Clock = std::chrono::steady_clock;

constexpr double MOST_SECONDS = 60;
constexpr size_t CACHE_LINE   = 64;

struct ReadTask {
    double  bytes;
    double  seconds; // how long to measure
    int32_t threads;
};

// Reads its part of the memory again and again until the time is over. Bytes per second.
double read_part(const uint64_t * words, size_t count, double seconds, const Abort & abort, std::atomic<uint64_t> & sum) {
    double     passes = 0, spent = 0;
    const auto start = Clock::now();
    while (spent < seconds && !is_aborted(abort)) {
        // what nobody asks for the compiler would not read
        sum += std::accumulate(words, words + count, uint64_t(0));
        passes += 1;
        spent = std::chrono::duration<double>(Clock::now() - start).count();
    }
    return passes * static_cast<double>(count * sizeof(uint64_t)) / spent;
}

// bytes per second
double read_memory(const ReadTask & task, const Abort & abort) {
    require_memory(task.bytes, "memory to read");
    // as weights are allocated
    const size_t            bytes = static_cast<size_t>(task.bytes);
    ggml_backend_buffer_ptr buffer(ggml_backend_buft_alloc_buffer(ggml_backend_dev_buffer_type(cpu_device()), bytes));
    if (!buffer) {
        throw std::bad_alloc();
    }
    // pages that were never written to are all the same one
    std::memset(ggml_backend_buffer_get_base(buffer.get()), 1, bytes);
    const auto *             words = static_cast<const uint64_t *>(ggml_backend_buffer_get_base(buffer.get()));
    const size_t             count = bytes / task.threads / CACHE_LINE * CACHE_LINE / sizeof(uint64_t);
    std::atomic<uint64_t>    sum{ 0 };
    std::vector<double>      rates(task.threads);
    std::vector<std::thread> threads;
    for (int32_t i = 0; i < task.threads; ++i) {
        threads.emplace_back([&, i] { rates[i] = read_part(words + i * count, count, task.seconds, abort, sum); });
    }
    for (auto & thread : threads) {
        thread.join();
    }
    throw_if_aborted(abort);
    return std::accumulate(rates.begin(), rates.end(), 0.0);
}

Napi::Value read_memory_of(const Napi::CallbackInfo & info) {
    auto           env     = info.Env();
    auto           options = read_object(info[0], "the task");
    const ReadTask task{
        read_number(options, "bytes", 1, MOST_FILE_BYTES),
        read_number(options, "seconds", 0, MOST_SECONDS),
        read_threads(options),
    };
    if (task.bytes < static_cast<double>(task.threads) * CACHE_LINE) {
        throw wrong(env, "bytes", std::to_string(CACHE_LINE) + " for each thread at least");
    }
    const auto abort  = AbortFlag::from(info[1]);
    auto       result = std::make_shared<double>(0);
    return run_async(
        env, env.Undefined(), [=](const Emitter &) { *result = read_memory(task, abort); },
        [=](Napi::Env env) { return Napi::Number::New(env, *result); });
}

} // namespace

void define_bandwidth(Napi::Env env, Napi::Object exports) { define_function<read_memory_of>(env, exports, "readMemory"); }

} // namespace snug
