#include "addon.h"

#include "abort_flag.h"
#include "support.h"

#ifdef __GLIBC__
#    include <malloc.h>

// glibc comes to keep freed blocks of up to 32 MiB with the thread that asked for them: what tensors were read into before they were
// arranged anew would stay in memory. With limits that are set it keeps to them.
static void give_large_blocks_back() {
    mallopt(M_MMAP_THRESHOLD, 4 << 20);
    mallopt(M_TRIM_THRESHOLD, 8 << 20);
}
#else
static void give_large_blocks_back() {}
#endif

// One file a job; each defines its functions and classes on `exports`. src-main/engine/native-types.ts types them.
static Napi::Object init(Napi::Env env, Napi::Object exports) {
    give_large_blocks_back();
    snug::capture_llama_log();
    snug::AbortFlag::define(env, exports);
    snug::define_backends(env, exports);
    snug::define_model(env, exports);
    snug::define_embed(env, exports);
    snug::define_types(env, exports);
    snug::define_quantize(env, exports);
    snug::define_verdicts(env, exports);
    snug::define_feed(env, exports);
    snug::define_local_error(env, exports);
    snug::define_rivals(env, exports);
    snug::define_entropy(env, exports);
    snug::define_weights(env, exports);
    snug::define_probe(env, exports);
    snug::define_bandwidth(env, exports);
    snug::define_multiply(env, exports);
    return exports;
}

NODE_API_MODULE(snug, init)
