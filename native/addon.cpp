#include "addon.h"

#include "abort_flag.h"
#include "support.h"

// One file a job; each defines its functions and classes on `exports`. src-main/engine/addon.ts types them.
static Napi::Object init(Napi::Env env, Napi::Object exports) {
    snug::capture_llama_log();
    snug::AbortFlag::define(env, exports);
    snug::define_backends(env, exports);
    snug::define_model(env, exports);
    snug::define_types(env, exports);
    snug::define_quantize(env, exports);
    snug::define_entropy(env, exports);
    snug::define_weights(env, exports);
    snug::define_probe(env, exports);
    return exports;
}

NODE_API_MODULE(snug, init)
