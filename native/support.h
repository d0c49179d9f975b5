#pragma once

#include <napi.h>

#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

namespace snug {

// An error that reaches JavaScript as an Error with this `code`; src-main/engine turns it into one with advice.
class Failure : public std::runtime_error {
  public:
    Failure(std::string code, const std::string & message) : std::runtime_error(message), code(std::move(code)) {}
    const std::string code;
};

// Set from the JavaScript thread, looked at per tensor, batch and token on the worker threads.
using Abort = std::shared_ptr<std::atomic<bool>>;

void throw_if_aborted(const Abort & abort);
bool is_aborted(const Abort & abort);

class AbortFlag : public Napi::ObjectWrap<AbortFlag> {
  public:
    static void define(Napi::Env env, Napi::Object exports);
    explicit AbortFlag(const Napi::CallbackInfo & info);
    // the flag behind a JavaScript value; a flag nobody can set when the value is undefined
    static Abort from(const Napi::Value & value);

  private:
    void set(const Napi::CallbackInfo & info);
    Abort flag = std::make_shared<std::atomic<bool>>(false);
};

// Sends values to a JavaScript callback from any thread, in order; the callback runs on the JavaScript thread.
class Emitter {
  public:
    Emitter(Napi::Env env, const Napi::Value & callback);
    ~Emitter();
    Emitter(const Emitter &) = delete;
    Emitter & operator=(const Emitter &) = delete;

    using Make = std::function<Napi::Value(Napi::Env)>;
    void emit(Make make) const;
    void progress(double done, double total) const;
    // runs `last` on the JavaScript thread once every event emitted so far has arrived there; call it from that thread
    void after_events(Napi::Env env, std::function<void(Napi::Env)> last) const;

  private:
    Napi::ThreadSafeFunction function;
    bool active = false;
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
    std::string reasons() const;

  private:
    size_t start;
};
void capture_llama_log();

// Typed reads of an options object; a TypeError names the missing or wrong property.
std::string read_string(const Napi::Object & options, const char * name);
std::string read_string(const Napi::Object & options, const char * name, const std::string & otherwise);
double      read_number(const Napi::Object & options, const char * name);
double      read_number(const Napi::Object & options, const char * name, double otherwise);
bool        read_bool(const Napi::Object & options, const char * name, bool otherwise);

} // namespace snug
