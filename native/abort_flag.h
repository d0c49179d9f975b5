#pragma once

#include "guard.h"

namespace snug {

class AbortFlag : public Tagged<AbortFlag> {
  public:
    static constexpr napi_type_tag TAG  = { 0x1f0c6c1a3f5e4b0d, 0x9d1f2b7a40c6e811 };
    static constexpr const char *  NAME = "AbortFlag";

    static void define(Napi::Env env, Napi::Object exports);
    explicit AbortFlag(const Napi::CallbackInfo & info) : Tagged(info) {}
    // the flag behind a JavaScript value; a flag nobody can set when the value is undefined
    static Abort from(const Napi::Value & value);

  private:
    Napi::Value set(const Napi::CallbackInfo & info);
    const Abort flag = std::make_shared<std::atomic<bool>>(false);
};

} // namespace snug
