#include "support.h"

#include "ggml.h"
#include "llama.h"
#include "mtmd-helper.h"
#include "mtmd.h"

#include <deque>
#include <mutex>

namespace snug {

bool is_aborted(const Abort & abort) { return abort && abort->load(std::memory_order_relaxed); }

void throw_if_aborted(const Abort & abort) {
    if (is_aborted(abort)) {
        throw Failure("CANCELLED", "cancelled");
    }
}

void AbortFlag::define(Napi::Env env, Napi::Object exports) {
    auto constructor = DefineClass(env, "AbortFlag", { InstanceMethod<&AbortFlag::set>("set") });
    exports.Set("AbortFlag", constructor);
}

AbortFlag::AbortFlag(const Napi::CallbackInfo & info) : Napi::ObjectWrap<AbortFlag>(info) {}

void AbortFlag::set(const Napi::CallbackInfo &) { flag->store(true); }

Abort AbortFlag::from(const Napi::Value & value) {
    if (!value.IsObject()) {
        return std::make_shared<std::atomic<bool>>(false);
    }
    return AbortFlag::Unwrap(value.As<Napi::Object>())->flag;
}

Emitter::Emitter(Napi::Env env, const Napi::Value & callback) {
    if (callback.IsFunction()) {
        function = Napi::ThreadSafeFunction::New(env, callback.As<Napi::Function>(), "snug-events", 0, 1);
        active   = true;
    }
}

Emitter::~Emitter() {
    if (active) {
        function.Release();
    }
}

void Emitter::emit(Make make) const {
    if (!active) {
        return;
    }
    auto call = [make = std::move(make)](Napi::Env env, Napi::Function callback) {
        if (env != nullptr) {
            callback.Call({ make(env) });
        }
    };
    function.BlockingCall(call);
}

void Emitter::after_events(Napi::Env env, std::function<void(Napi::Env)> last) const {
    if (!active) {
        last(env);
        return;
    }
    function.BlockingCall([last = std::move(last)](Napi::Env env, Napi::Function) {
        if (env != nullptr) {
            last(env);
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
        Napi::AsyncWorker(env), deferred(Napi::Promise::Deferred::New(env)), emitter(env, on_event),
        work(std::move(work)), result(std::move(result)) {}

    Napi::Promise promise() const { return deferred.Promise(); }

    void Execute() override {
        try {
            work(emitter);
        } catch (const Failure & failure) {
            code = failure.code;
            SetError(failure.what());
        } catch (const std::bad_alloc &) {
            code = "OUT_OF_MEMORY";
            SetError("not enough memory");
        } catch (const std::exception & error) {
            code = "NATIVE";
            SetError(error.what());
        }
    }

    void OnOK() override {
        emitter.after_events(Env(), [deferred = deferred, result = result](Napi::Env env) { deferred.Resolve(result(env)); });
    }

    void OnError(const Napi::Error & error) override {
        emitter.after_events(Env(), [deferred = deferred, message = error.Message(), code = code](Napi::Env env) {
            auto rejection = Napi::Error::New(env, message);
            rejection.Value().Set("code", code);
            deferred.Reject(rejection.Value());
        });
    }

  private:
    Napi::Promise::Deferred deferred;
    Emitter                 emitter;
    Work                    work;
    Result                  result;
    std::string             code;
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

std::string LogMark::reasons() const {
    std::lock_guard<std::mutex> lock(log_mutex);
    const size_t oldest = log_count - log_lines.size();
    std::string  joined;
    for (size_t number = std::max(start, oldest); number < log_count; ++number) {
        joined += (joined.empty() ? "" : "; ") + log_lines[number - oldest];
    }
    return joined;
}

std::string read_string(const Napi::Object & options, const char * name) {
    auto value = options.Get(name);
    if (!value.IsString()) {
        throw Napi::TypeError::New(options.Env(), std::string("options.") + name + " must be a string");
    }
    return value.As<Napi::String>().Utf8Value();
}

std::string read_string(const Napi::Object & options, const char * name, const std::string & otherwise) {
    return options.Get(name).IsUndefined() ? otherwise : read_string(options, name);
}

double read_number(const Napi::Object & options, const char * name) {
    auto value = options.Get(name);
    if (!value.IsNumber()) {
        throw Napi::TypeError::New(options.Env(), std::string("options.") + name + " must be a number");
    }
    return value.As<Napi::Number>().DoubleValue();
}

double read_number(const Napi::Object & options, const char * name, double otherwise) {
    return options.Get(name).IsUndefined() ? otherwise : read_number(options, name);
}

bool read_bool(const Napi::Object & options, const char * name, bool otherwise) {
    auto value = options.Get(name);
    return value.IsUndefined() ? otherwise : value.ToBoolean().Value();
}

} // namespace snug
