// What was found by comparing Snug's quantizers with ggml's: told from one process to the next, as what ggml needs for that takes seconds.
#include "addon.h"
#include "arguments.h"
#include "guard.h"
#include "loaded_file.h"
#include "quantizers/quantizers.h"

#ifdef __GLIBC__
#    include <gnu/libc-version.h>
#endif

namespace snug {

namespace {

// of which sort and roots are
std::string c_library() {
#ifdef __GLIBC__
    return std::string("glibc ") + gnu_get_libc_version();
#else
    return "";
#endif
}

// quantizerFiles() → {files, cLibrary}: what makes blocks here, ours and ggml's
Napi::Value quantizer_files(const Napi::CallbackInfo & info) {
    auto       env   = info.Env();
    auto       files = Napi::Array::New(env);
    const auto add   = [&](const void * symbol) { files.Set(files.Length(), loaded_file(symbol).u8string()); };
    add(reinterpret_cast<const void *>(&ggml_quantize_chunk));
    add(reinterpret_cast<const void *>(&quantize_rows));
    auto result = Napi::Object::New(env);
    result.Set("files", files);
    result.Set("cLibrary", c_library());
    return result;
}

// trustQuantizers([{type, same}])
Napi::Value trust_quantizers(const Napi::CallbackInfo & info) {
    const auto list = read_array(info[0], "the verdicts");
    for (uint32_t i = 0; i < list.Length(); ++i) {
        const auto entry = read_object(list.Get(i), "a verdict");
        trust({ read_tensor_type(entry.Get("type"), "type"), read_bool(entry.Get("same"), "same") });
    }
    return info.Env().Undefined();
}

// comparedQuantizers() → [{type, same}]
Napi::Value compared_quantizers(const Napi::CallbackInfo & info) {
    auto env    = info.Env();
    auto result = Napi::Array::New(env);
    for (const auto & [type, same] : compared_types()) {
        auto entry = Napi::Object::New(env);
        entry.Set("type", static_cast<int>(type));
        entry.Set("same", same);
        result.Set(result.Length(), entry);
    }
    return result;
}

// quantizesItself(type) → whether the blocks of a type are made by code of our own here, for tests
Napi::Value quantizes_itself(const Napi::CallbackInfo & info) {
    return Napi::Boolean::New(info.Env(), has_own_quantizer(read_tensor_type(info[0], "the type")));
}

// wasMadeByGgml(type) → whether ggml's quantizer to a type was called in this process, for tests
Napi::Value made_by_ggml(const Napi::CallbackInfo & info) {
    return Napi::Boolean::New(info.Env(), was_made_by_ggml(read_tensor_type(info[0], "the type")));
}

} // namespace

void define_verdicts(Napi::Env env, Napi::Object exports) {
    define_function<quantizer_files>(env, exports, "quantizerFiles");
    define_function<trust_quantizers>(env, exports, "trustQuantizers");
    define_function<compared_quantizers>(env, exports, "comparedQuantizers");
    define_function<quantizes_itself>(env, exports, "quantizesItself");
    define_function<made_by_ggml>(env, exports, "wasMadeByGgml");
}

} // namespace snug
