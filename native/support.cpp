#include "support.h"

#include "arguments.h"
#include "guard.h"

#include "ggml.h"
#include "llama.h"
#include "mtmd-helper.h"
#include "mtmd.h"

#include <cstring>
#include <deque>
#include <limits>
#include <mutex>

namespace snug {

namespace {

std::atomic<bool> leaving{ false };

} // namespace

void abort_everything() { leaving = true; }

bool is_aborted(const Abort & abort) {
    return leaving.load(std::memory_order_relaxed) || (abort && abort->load(std::memory_order_relaxed));
}

void throw_if_aborted(const Abort & abort) {
    if (is_aborted(abort)) {
        throw Failure(Code::CANCELLED, "cancelled");
    }
}

void require_numbers(const float * values, size_t count, const char * otherwise) {
    constexpr float infinite = std::numeric_limits<float>::infinity();
    bool            any      = count == 0;
    for (size_t i = 0; i < count; ++i) {
        if (!(values[i] < infinite)) {
            throw Failure(Code::INCOHERENT, otherwise);
        }
        any = any || values[i] > -infinite;
    }
    if (!any) {
        throw Failure(Code::INCOHERENT, otherwise);
    }
}

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

Napi::Error error_of(Napi::Env env, const Failure & failure) {
    auto error = Napi::Error::New(env, failure.what());
    error.Value().Set("code", name_of(failure.code));
    return error;
}

Emitter::Emitter(Napi::Env env, const Napi::Value & callback) {
    if (callback.IsUndefined()) {
        return;
    }
    if (!callback.IsFunction()) {
        throw wrong(env, "the callback", "a function");
    }
    function = Napi::ThreadSafeFunction::New(env, callback.As<Napi::Function>(), "snug-events", 0, 1);
    active   = true;
}

Emitter::~Emitter() {
    if (active) {
        function.Release();
    }
}

template <class Call> void Emitter::send(Call call) const {
    // closing counts as a release
    if (function.BlockingCall(std::move(call)) == napi_closing) {
        active = false;
        throw Failure(Code::CANCELLED, "the thread that waits for this ends");
    }
}

void Emitter::emit(Make make) const {
    if (!active) {
        return;
    }
    if (thrown->any) {
        throw Failure(Code::CALLBACK_THREW, "the callback threw");
    }
    send([make = std::move(make), thrown = thrown](Napi::Env env, Napi::Function callback) {
        if (env == nullptr || thrown->any) {
            return;
        }
        try {
            callback.Call({ make(env) });
        } catch (const Napi::Error & error) {
            thrown->first = std::make_unique<Napi::Error>(error);
            thrown->any   = true;
        }
    });
}

void Emitter::after_events(Napi::Env env, Last last) const {
    if (!active) {
        last(env, nullptr);
        return;
    }
    send([last = std::move(last), thrown = thrown](Napi::Env env, Napi::Function) {
        if (env != nullptr) {
            last(env, thrown->first.get());
            thrown->first.reset();
        }
    });
}

void Emitter::progress(double done, double total) const {
    emit([done, total](Napi::Env env) {
        auto event = Napi::Object::New(env);
        event.Set("done", done);
        event.Set("total", total);
        return event;
    });
}

namespace {

class Job : public Napi::AsyncWorker {
  public:
    Job(Napi::Env env, const Napi::Value & on_event, Work work, Result result) :
        Napi::AsyncWorker(env), deferred(Napi::Promise::Deferred::New(env)), emitter(env, on_event), work(std::move(work)),
        result(std::move(result)) {}

    Napi::Promise promise() const { return deferred.Promise(); }

    void Execute() override {
        try {
            work(emitter);
        } catch (...) {
            failure = std::make_shared<Failure>(current_failure());
            // that it failed; what went wrong is in the Failure
            SetError("failed");
        }
    }

    void OnOK() override {
        emitter.after_events(Env(), [deferred = deferred, result = result](Napi::Env env, const Napi::Error * thrown) {
            if (thrown) {
                deferred.Reject(thrown->Value());
                return;
            }
            try {
                deferred.Resolve(guarded(env, [&] { return result(env); }));
            } catch (const Napi::Error & error) {
                deferred.Reject(error.Value());
            }
        });
    }

    void OnError(const Napi::Error &) override {
        emitter.after_events(Env(), [deferred = deferred, failure = failure](Napi::Env env, const Napi::Error * thrown) {
            deferred.Reject(thrown ? thrown->Value() : error_of(env, *failure).Value());
        });
    }

  private:
    Napi::Promise::Deferred  deferred;
    Emitter                  emitter;
    Work                     work;
    Result                   result;
    std::shared_ptr<Failure> failure;
};

// llama.cpp's last log lines of level warning and above, with a running number so that a mark can say "since then"
constexpr size_t KEPT_LOG_LINES = 64;

std::mutex              log_mutex;
std::deque<std::string> log_lines;
size_t                  log_count = 0;

void keep_log_line(ggml_log_level level, const char * text, void *) {
    if (level < GGML_LOG_LEVEL_WARN || level == GGML_LOG_LEVEL_CONT) {
        return;
    }
    std::string line(text);
    while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) {
        line.pop_back();
    }
    if (line.empty()) {
        return;
    }
    std::lock_guard<std::mutex> lock(log_mutex);
    log_lines.push_back(std::move(line));
    ++log_count;
    if (log_lines.size() > KEPT_LOG_LINES) {
        log_lines.pop_front();
    }
}

} // namespace

Napi::Promise run_async(Napi::Env env, const Napi::Value & on_event, Work work, Result result) {
    auto * job     = new Job(env, on_event, std::move(work), std::move(result));
    auto   promise = job->promise();
    job->Queue();
    return promise;
}

void capture_llama_log() {
    llama_log_set(keep_log_line, nullptr);
    mtmd_log_set(keep_log_line, nullptr);
    mtmd_helper_log_set(keep_log_line, nullptr);
}

LogMark::LogMark() {
    std::lock_guard<std::mutex> lock(log_mutex);
    start = log_count;
}

std::vector<std::string> LogMark::lines() const {
    std::lock_guard<std::mutex> lock(log_mutex);
    const size_t                oldest = log_count - log_lines.size();
    return { log_lines.begin() + static_cast<std::ptrdiff_t>(std::max(start, oldest) - oldest), log_lines.end() };
}

std::string LogMark::reasons() const {
    std::string joined;
    for (const auto & line : lines()) {
        joined += (joined.empty() ? "" : "; ") + line;
    }
    return joined;
}

} // namespace snug
