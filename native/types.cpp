// What llama.cpp knows about tensor types: sizes, and which type each tensor gets in a file type's mixture.
#include "types.h"
#include "addon.h"
#include "arguments.h"
#include "guard.h"
#include "model.h"

#include "ggml-cpp.h"
#include "llama-ext.h"

#include <algorithm>
#include <limits>

namespace snug {

namespace {

Napi::Value tensor_types(const Napi::CallbackInfo & info) {
    auto env    = info.Env();
    auto result = Napi::Array::New(env);
    for (int i = 0; i < GGML_TYPE_COUNT; ++i) {
        const auto type = static_cast<ggml_type>(i);
        if (!ggml_type_name(type) || ggml_blck_size(type) <= 0) {
            continue;
        }
        auto entry = Napi::Object::New(env);
        entry.Set("id", i);
        entry.Set("name", ggml_type_name(type));
        entry.Set("blockSize", static_cast<double>(ggml_blck_size(type)));
        entry.Set("blockBytes", static_cast<double>(ggml_type_size(type)));
        entry.Set("quantized", ggml_is_quantized(type));
        entry.Set("needsImportance", needs_importance(type));
        result.Set(result.Length(), entry);
    }
    return result;
}

struct QuantStateDeleter {
    void operator()(quantize_state_impl * state) { llama_quant_free(state); }
};

/**
 * llama_quant_compute_types forgets that there is an importance matrix, on which the types of one file type that we offer depend:
 * with one, IQ3_XXS keeps ffn_down, and attn_v where fewer than four query heads share it, at its own type (llama-quant.cpp, v0.5.0).
 */
std::vector<llama_model_tensor_override> with_importance(const llama_model * model, llama_ftype file_type) {
    std::vector<llama_model_tensor_override> overrides;
    if (file_type == LLAMA_FTYPE_MOSTLY_IQ3_XXS) {
        overrides.push_back({ "ffn_down", GGML_TYPE_IQ3_XXS });
        if (llama_model_n_head(model) / std::max(llama_model_n_head_kv(model), 1) < 4) {
            overrides.push_back({ "attn_v\\.weight", GGML_TYPE_IQ3_XXS });
        }
    }
    overrides.push_back({ nullptr, GGML_TYPE_COUNT });
    return overrides;
}

constexpr uint32_t MOST_TENSORS  = 1 << 20;
constexpr int64_t  MOST_ELEMENTS = int64_t(1) << 48;

ggml_tensor * read_tensor(const Napi::Object & entry, ggml_context * context) {
    const auto type  = read_tensor_type(entry.Get("type"), "type");
    const auto shape = read_array(entry.Get("shape"), "shape");
    const auto name  = read_string(entry, "name");
    int64_t    ne[GGML_MAX_DIMS];
    int64_t    elements   = 1;
    const auto dimensions = shape.Length();
    if (dimensions < 1 || dimensions > GGML_MAX_DIMS) {
        throw wrong(entry.Env(), "shape", "of 1 to 4 dimensions");
    }
    for (uint32_t d = 0; d < dimensions; ++d) {
        ne[d] = read_whole(shape.Get(d), "a dimension of shape", 1, MOST_ELEMENTS / elements);
        elements *= ne[d];
    }
    if (ne[0] % ggml_blck_size(type) != 0) {
        throw wrong(entry.Env(), "shape", std::string("of rows that divide into blocks of ") + ggml_type_name(type));
    }
    auto * tensor = ggml_new_tensor(context, type, static_cast<int>(dimensions), ne);
    ggml_set_name(tensor, name.c_str());
    return tensor;
}

// mixtureTypes(model, fileType, tensors: {name, type, shape}[]) → the ggml type id of each tensor in that mixture,
// when there is an importance matrix.
// The rules count layers as they go: the tensors must come in llama.cpp's order (by layer, then by name).
Napi::Value mixture_types(const Napi::CallbackInfo & info) {
    auto           env       = info.Env();
    const auto     model     = model_of(info[0]);
    const auto     file_type = static_cast<llama_ftype>(read_whole(info[1], "the file type", 0, std::numeric_limits<int32_t>::max()));
    auto           list      = read_array(info[2], "the tensors");
    const uint32_t count     = list.Length();
    if (llama_ftype_get_default_type(file_type) == GGML_TYPE_COUNT) {
        throw Napi::TypeError::New(env, "unknown file type " + std::to_string(file_type));
    }
    if (count > MOST_TENSORS) {
        throw wrong(env, "the tensors", "at most " + std::to_string(MOST_TENSORS));
    }
    ggml_context_ptr           context(ggml_init({ (count + 1) * ggml_tensor_overhead(), nullptr, true }));
    std::vector<ggml_tensor *> tensors;
    for (uint32_t i = 0; i < count; ++i) {
        tensors.push_back(read_tensor(read_object(list.Get(i), "a tensor"), context.get()));
    }
    const auto overrides    = with_importance(model->model.get(), file_type);
    auto       parameters   = llama_model_quantize_default_params();
    parameters.tt_overrides = overrides.data();
    std::unique_ptr<quantize_state_impl, QuantStateDeleter> state(llama_quant_init(model->model.get(), &parameters));
    std::vector<ggml_type>                                  types(count);
    llama_quant_compute_types(state.get(), file_type, tensors.data(), types.data(), count);
    auto result = Napi::Array::New(env, count);
    for (uint32_t i = 0; i < count; ++i) {
        result.Set(i, static_cast<int>(types[i]));
    }
    return result;
}

} // namespace

bool can_be_read(ggml_type type) { return type == GGML_TYPE_F32 || ggml_get_type_traits(type)->to_float; }

bool can_be_quantized_to(ggml_type type) {
    switch (type) {
        case GGML_TYPE_F32:
        case GGML_TYPE_F16:
        case GGML_TYPE_BF16: return true;
        case GGML_TYPE_Q8_1:
        case GGML_TYPE_Q8_K: return false;
        default:             return ggml_is_quantized(type) && can_be_read(type);
    }
}

bool needs_importance(ggml_type type) {
    switch (type) {
        case GGML_TYPE_IQ1_S:
        case GGML_TYPE_IQ1_M:
        case GGML_TYPE_IQ2_XXS:
        case GGML_TYPE_IQ2_XS:
        case GGML_TYPE_IQ2_S:
        case GGML_TYPE_IQ3_XXS: return true;
        default:                return false;
    }
}

void define_types(Napi::Env env, Napi::Object exports) {
    define_function<tensor_types>(env, exports, "tensorTypes");
    define_function<mixture_types>(env, exports, "mixtureTypes");
}

} // namespace snug
