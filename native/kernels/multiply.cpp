// One product by itself, as weights are loaded or as they are stored: what tests and benches hold against each other.
#include "one_product.h"
#include "tables.h"

#include "../addon.h"
#include "../arguments.h"
#include "../guard.h"
#include "../types.h"

namespace snug {

namespace {

constexpr int64_t MOST_COLUMNS = 1 << 20;
constexpr int64_t MOST_ROWS    = 1 << 20;
constexpr int64_t MOST_TOKENS  = 1 << 16;

Napi::Value multiply(const Napi::CallbackInfo & info) {
    auto       env     = info.Env();
    const auto options = read_object(info[0], "the product");
    auto       product = std::make_shared<kernels::OneProduct>(kernels::OneProduct{
        read_tensor_type(options.Get("type"), "type"),
        read_integer<int64_t>(options, "columns", 1, MOST_COLUMNS),
        read_integer<int64_t>(options, "rows", 1, MOST_ROWS),
        read_integer<int64_t>(options, "tokens", 1, MOST_TOKENS),
        read_threads(options),
        read_bool(options, "asStored", false),
        read_bool(options, "wide", false),
        read_bytes(options.Get("blocks"), "blocks"),
        read_float32_array(options.Get("inputs"), "inputs"),
    });
    if (!can_be_quantized_to(product->type) || product->columns % ggml_blck_size(product->type) != 0) {
        throw wrong(env, "type", "one that weights of so many columns can have");
    }
    if (product->blocks.size() != ggml_row_size(product->type, product->columns) * product->rows) {
        throw wrong(env, "blocks", "as long as the shape says");
    }
    if (product->inputs.size() != static_cast<size_t>(product->columns * product->tokens)) {
        throw wrong(env, "inputs", "as many as the shape says");
    }
    auto result = std::make_shared<std::vector<float>>();
    return run_async(
        env, env.Undefined(), [=](const Emitter &) { *result = kernels::compute(*product); },
        [=](Napi::Env env) { return array_of<Napi::Float32Array>(env, *result); });
}

Napi::Value table_kernels(const Napi::CallbackInfo & info) {
    const auto & kernels = kernels::table_kernels();
    auto         result  = Napi::Array::New(info.Env(), kernels.size());
    for (uint32_t i = 0; i < kernels.size(); ++i) {
        auto one = Napi::Object::New(info.Env());
        one.Set("name", kernels[i].kernel->name);
        one.Set("isRight", kernels[i].is_right);
        one.Set("lookUpsPerSecond", kernels[i].per_second);
        result.Set(i, one);
    }
    return result;
}

} // namespace

void define_multiply(Napi::Env env, Napi::Object exports) {
    define_function<multiply>(env, exports, "multiply");
    define_function<table_kernels>(env, exports, "tableKernels");
}

} // namespace snug
