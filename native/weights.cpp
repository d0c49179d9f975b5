// What weights take in memory: some CPU variants arrange them anew as they are loaded, with sums beside them (AMX).
#include "addon.h"
#include "arguments.h"
#include "backends.h"
#include "files.h"
#include "guard.h"
#include "kernels/family.h"

#include "ggml-cpp.h"
#include "ggml.h"

namespace snug {

namespace {

// tokens of the product that llama.cpp's loader tries a buffer with (weight_buft_supported)
constexpr int64_t TRIED_TOKENS = 512;
constexpr int64_t LONGEST_SIDE = int64_t(1) << 30;

// { bytes, rearranged } of one weight that is multiplied with, once it was read into memory
Napi::Value loaded_weight(const Napi::CallbackInfo & info) {
    auto       env     = info.Env();
    const auto options = read_object(info[0], "the weight");
    const auto type    = read_tensor_type(options.Get("type"), "type");
    const auto columns = read_integer<int64_t>(options, "columns", 1, LONGEST_SIDE);
    const auto rows    = read_integer<int64_t>(options, "rows", 1, LONGEST_SIDE);
    if (columns % ggml_blck_size(type) != 0) {
        throw Napi::TypeError::New(env, "the shape does not fit the type");
    }
    const kernels::Wide wide(read_bool(options, "wide", false));
    ggml_context_ptr    context(ggml_init({ 4 * ggml_tensor_overhead(), nullptr, true }));
    auto *              weight  = ggml_new_tensor_2d(context.get(), type, columns, rows);
    auto *              input   = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, columns, TRIED_TOKENS);
    auto *              product = ggml_mul_mat(context.get(), weight, input);
    auto *              buffer  = weight_buffer_type(product);
    auto                result  = Napi::Object::New(env);
    result.Set("bytes", static_cast<double>(ggml_backend_buft_get_alloc_size(buffer, weight)));
    result.Set("rearranged", buffer != ggml_backend_dev_buffer_type(cpu_device()));
    return result;
}

Napi::Value can_map_file(const Napi::CallbackInfo & info) {
    return Napi::Boolean::New(info.Env(), can_map(read_path(info[0], "the file")));
}

} // namespace

void define_weights(Napi::Env env, Napi::Object exports) {
    define_function<loaded_weight>(env, exports, "loadedWeight");
    define_function<can_map_file>(env, exports, "canMap");
}

} // namespace snug
