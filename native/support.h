#pragma once

#include "errors.h"

#include <napi.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace snug {

// Set from the JavaScript thread, looked at per tensor, batch and token on the worker threads.
using Abort = std::shared_ptr<std::atomic<bool>>;

void throw_if_aborted(const Abort & abort);
// Throws Failure INCOHERENT where one of the values is not a number, or infinite: whatever follows from it means nothing. An output may rule
// some tokens out with minus infinity, not all.
void require_numbers(const float * values, size_t count, const char * otherwise);
// whether all values are finite: without a branch per value, so that the compiler looks at several at once
bool all_finite(const float * values, int64_t count);
bool is_aborted(const Abort & abort);
// For a process that ends: Node waits for its jobs.
void abort_everything();

// Sends values to a JavaScript callback from any thread, in order; the callback runs on the JavaScript thread. When it throws, the job
// ends: emit() throws on its thread, and its promise is rejected with what the callback threw.
class Emitter {
  public:
    // undefined for no callback
    Emitter(Napi::Env env, const Napi::Value & callback);
    ~Emitter();
    Emitter(const Emitter &)             = delete;
    Emitter & operator=(const Emitter &) = delete;

    using Make = std::function<Napi::Value(Napi::Env)>;
    void emit(Make make) const;
    void progress(double done, double total) const;
    // runs `last` on the JavaScript thread once every event emitted so far has arrived there; call it from that thread. It gets what the
    // callback threw, if it did.
    using Last = std::function<void(Napi::Env, const Napi::Error *)>;
    void after_events(Napi::Env env, Last last) const;

  private:
    struct Thrown {
        std::atomic<bool>            any{ false };
        std::unique_ptr<Napi::Error> first; // for the JavaScript thread alone
    };
    template <class Call> void send(Call call) const;

    Napi::ThreadSafeFunction  function;
    std::shared_ptr<Thrown>   thrown = std::make_shared<Thrown>();
    mutable std::atomic<bool> active{ false }; // no callback, or an environment that ends
};

// Runs `work` on a worker thread and settles one promise with `result` (called on the JavaScript thread).
// Whatever `work` needs must be captured by value or by shared_ptr: that is what keeps it alive.
using Work   = std::function<void(const Emitter &)>;
using Result = std::function<Napi::Value(Napi::Env)>;
Napi::Promise run_async(Napi::Env env, const Napi::Value & on_event, Work work, Result result);

// llama.cpp reports reasons in its log only: the last warnings and errors, joined, since the mark was taken.
class LogMark {
  public:
    LogMark();
    std::string              reasons() const;
    std::vector<std::string> lines() const;

  private:
    size_t start;
};
void capture_llama_log();

} // namespace snug
