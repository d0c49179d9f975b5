#include "abort_flag.h"

namespace snug {

namespace {

Napi::Value abort_all(const Napi::CallbackInfo & info) {
    abort_everything();
    return info.Env().Undefined();
}

} // namespace

void AbortFlag::define(Napi::Env env, Napi::Object exports) {
    exports.Set("AbortFlag", DefineClass(env, "AbortFlag", { method<&AbortFlag::set>("set") }));
    define_function<abort_all>(env, exports, "abortEverything");
}

Napi::Value AbortFlag::set(const Napi::CallbackInfo & info) {
    flag->store(true);
    return info.Env().Undefined();
}

Abort AbortFlag::from(const Napi::Value & value) {
    return value.IsUndefined() ? std::make_shared<std::atomic<bool>>(false) : of(value).flag;
}

} // namespace snug
