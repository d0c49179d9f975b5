// Opens a model and its vision encoder, describes them, and counts what a prompt or a context will cost.
#include "model.h"

#include "abort_flag.h"
#include "addon.h"
#include "arguments.h"
#include "backends.h"
#include "files.h"
#include "guard.h"
#include "loading.h"
#include "prompt_text.h"

#include "llama-ext.h"
#include "mtmd-helper.h"
#include "vision_memory.h"

namespace snug {

bool ModelState::uses_mrope() const {
    const auto type = llama_model_rope_type(model.get());
    return type == LLAMA_ROPE_TYPE_MROPE || type == LLAMA_ROPE_TYPE_IMROPE;
}

std::string ModelState::piece(llama_token token) const {
    if (is_control(vocab(), token)) {
        return "";
    }
    // of control tokens only those around thoughts come so far
    const bool  special = (llama_vocab_get_attr(vocab(), token) & LLAMA_TOKEN_ATTR_CONTROL) != 0;
    std::string text(32, '\0');
    int32_t     length = llama_token_to_piece(vocab(), token, text.data(), static_cast<int32_t>(text.size()), 0, special);
    if (length < 0) {
        text.resize(-length);
        length = llama_token_to_piece(vocab(), token, text.data(), static_cast<int32_t>(text.size()), 0, special);
    }
    text.resize(std::max(length, 0));
    return text;
}

std::vector<float> ModelState::encode(const mtmd_input_chunk * image) {
    std::lock_guard<std::mutex> lock(encoding);
    LogMark                     log;
    if (mtmd_encode_chunk(vision.get(), image) != 0) {
        throw Failure(Code::COMPUTE_FAILED, "the vision encoder failed: " + log.reasons());
    }
    const float *            embeddings = mtmd_get_output_embd(vision.get());
    const std::vector<float> encoded(embeddings, embeddings + mtmd_input_chunk_get_n_tokens(image) * input_length());
    require_numbers(encoded.data(), encoded.size(), "the vision encoder sees in a picture values that are not numbers");
    return encoded;
}

namespace {

// Above what any encoder takes: the pixels of so many tokens still fit llama.cpp's int.
constexpr int64_t MOST_IMAGE_TOKENS = 1 << 16;
constexpr int64_t MOST_GPU_LAYERS   = 10'000;

// Above what any model is split into: each part stays open.
constexpr uint32_t MOST_PARTS = 500;

std::vector<std::string> read_paths(const Napi::Object & options) {
    std::vector<std::string> paths{ read_string(options, "path") };
    if (const auto others = options.Get("otherParts"); !others.IsUndefined()) {
        const auto array = read_array(others, "otherParts");
        if (array.Length() >= MOST_PARTS) {
            throw wrong(options.Env(), "otherParts", "shorter than " + std::to_string(MOST_PARTS));
        }
        for (uint32_t i = 0; i < array.Length(); ++i) {
            paths.push_back(read_path(array.Get(i), "a part"));
        }
    }
    return paths;
}

OpenOptions read_open_options(const Napi::Object & options) {
    OpenOptions read{
        read_paths(options),
        read_string(options, "mmprojPath", ""),
        read_bool(options, "metadataOnly", false),
        read_bool(options, "mapped", true),
        read_integer(options, "gpuLayers", 0, MOST_GPU_LAYERS, 0),
        read_threads(options),
        read_integer(options, "imageMinTokens", 1, MOST_IMAGE_TOKENS, -1),
        read_integer(options, "imageMaxTokens", 1, MOST_IMAGE_TOKENS, -1),
        read_bool(options, "wide", false),
    };
    if (read.image_max_tokens > 0 && read.image_min_tokens > read.image_max_tokens) {
        throw wrong(options.Env(), "imageMinTokens", "at most imageMaxTokens");
    }
    return read;
}

class NativeModel : public Closable<NativeModel, ModelState> {
  public:
    static constexpr napi_type_tag TAG  = { 0x6c1d90b2f7a34c58, 0x8e55a1f03b7d2946 };
    static constexpr const char *  NAME = "Model";

    static Napi::Function define(Napi::Env env) {
        return DefineClass(env, "Model",
                           {
                               method<&NativeModel::describe>("describe"),
                               method<&NativeModel::tokenize>("tokenize"),
                               method<&NativeModel::piece>("piece"),
                               method<&NativeModel::layout>("layout"),
                               method<&NativeModel::memory>("memory"),
                               method<&NativeModel::close>("close"),
                           });
    }

    explicit NativeModel(const Napi::CallbackInfo & info) : Closable(info, take_opened(info.Env())) {}

    static Napi::Value make(const Napi::Function & constructor, Model model) {
        opened = std::move(model);
        return constructor.New({});
    }

  private:
    // handed to the constructor, which JavaScript can call too
    static thread_local Model opened;

    static Model take_opened(Napi::Env env) {
        if (!opened) {
            throw Napi::TypeError::New(env, "a Model is made by openModel");
        }
        return std::move(opened);
    }

    Napi::Value describe(const Napi::CallbackInfo & info) {
        const auto model  = open();
        auto       result = Napi::Object::New(info.Env());
        result.Set("layers", llama_model_n_layer(model->model.get()));
        result.Set("embeddingLength", model->embedding_length());
        result.Set("vocabularySize", model->vocabulary_size());
        result.Set("trainingContextTokens", llama_model_n_ctx_train(model->model.get()));
        result.Set("canSee", model->vision != nullptr);
        result.Set("mediaMarker", mtmd_default_marker());
        auto warnings = Napi::Array::New(info.Env());
        for (const auto & line : model->warnings) {
            warnings.Set(warnings.Length(), line);
        }
        result.Set("warnings", warnings);
        return result;
    }

    Napi::Value tokenize(const Napi::CallbackInfo & info) {
        const auto model  = open();
        const auto text   = read_text(info[0], "the text");
        const auto tokens = tokenize_text(*model, text, read_bool(info[1], "addSpecial"), read_bool(info[2], "parseSpecial"));
        return array_of<Napi::Int32Array>(info.Env(), tokens);
    }

    Napi::Value piece(const Napi::CallbackInfo & info) {
        const auto model = open();
        const auto token = static_cast<llama_token>(read_whole(info[0], "the token", 0, model->vocabulary_size() - 1));
        const auto text  = model->piece(token);
        return Napi::Buffer<char>::Copy(info.Env(), text.data(), text.size());
    }

    // What a sequence becomes: text and image pieces with their tokens and positions, in order. Nothing is encoded.
    Napi::Value layout(const Napi::CallbackInfo & info) {
        auto                   env    = info.Env();
        const auto             model  = open();
        auto                   pieces = Napi::Array::New(env);
        const PreparedSequence prepared(*model, read_sequence(info[0], Pictures::may_be_counted));
        for (const auto & piece : prepared.pieces) {
            auto entry = Napi::Object::New(env);
            entry.Set("kind", piece.image ? "image" : "text");
            entry.Set("tokens", piece.token_count());
            entry.Set("positions", piece.position_count());
            if (!piece.image) {
                entry.Set("ids", array_of<Napi::Int32Array>(env, piece.tokens));
            }
            pieces.Set(pieces.Length(), entry);
        }
        return pieces;
    }

    // Bytes that a context takes: KV cache and compute buffers as llama.cpp itself reserves them. On a model opened with
    // metadataOnly nothing is allocated.
    Napi::Value memory(const Napi::CallbackInfo & info) {
        const auto     model   = open();
        auto           options = read_object(info[0], "the options");
        ContextOptions context_options;
        context_options.context_tokens = read_integer<uint32_t>(options, "contextTokens", 1, MOST_CONTEXT_TOKENS);
        context_options.batch_tokens   = read_integer<uint32_t>(options, "batchTokens", 1, MOST_BATCH_TOKENS);
        context_options.threads        = read_threads(options);
        auto sizes                     = std::make_shared<llama_memory_breakdown_data>();
        return run_async(
            info.Env(), info.Env().Undefined(),
            [=](const Emitter &) {
                const Context context(model, context_options, nullptr);
                for (const auto & [type, data] : llama_get_memory_breakdown(context.get())) {
                    sizes->model += data.model;
                    sizes->context += data.context;
                    sizes->compute += data.compute;
                }
            },
            [=](Napi::Env env) {
                auto result = Napi::Object::New(env);
                result.Set("weightsBytes", static_cast<double>(sizes->model));
                result.Set("kvCacheBytes", static_cast<double>(sizes->context));
                result.Set("computeBytes", static_cast<double>(sizes->compute));
                return result;
            });
    }
};

thread_local Model NativeModel::opened;

Napi::FunctionReference & model_constructor(Napi::Env env) { return *env.GetInstanceData<Napi::FunctionReference>(); }

Napi::Value open_model(const Napi::CallbackInfo & info) {
    const auto options = read_open_options(read_object(info[0], "the options"));
    const auto abort   = AbortFlag::from(info[1]);
    auto       state   = std::make_shared<ModelState>();
    return run_async(
        info.Env(), info[2], [=](const Emitter & emitter) { load(*state, options, emitter, abort); },
        [=](Napi::Env env) {
            // also when it was loaded in the same moment
            throw_if_aborted(abort);
            return NativeModel::make(model_constructor(env).Value(), state);
        });
}

// Weights and the largest compute buffer of the vision encoder, without loading it.
Napi::Value vision_memory(const Napi::CallbackInfo & info) {
    const auto object = read_object(info[0], "the options");
    const auto path   = read_string(object, "mmprojPath");
    const auto sized  = !object.Get("width").IsUndefined() || !object.Get("height").IsUndefined();
    const auto size   = sized ? read_picture_size(object) : PictureSize{ 0, 0 };
    auto       total  = std::make_shared<double>(0);
    return run_async(
        info.Env(), info.Env().Undefined(),
        [=](const Emitter &) {
            cpu_device();
            require_regular_file(path, Code::MMPROJ_LOAD);
            LogMark log;
            try {
                *total =
                    static_cast<double>(vision_compute_bytes(path.c_str(), static_cast<int>(size.width), static_cast<int>(size.height)));
            } catch (const std::bad_alloc &) {
                throw;
            } catch (const std::exception & error) {
                throw Failure(Code::MMPROJ_LOAD, "llama.cpp could not read " + path + ": " + error.what() + " " + log.reasons());
            }
        },
        [=](Napi::Env env) { return Napi::Number::New(env, *total); });
}

} // namespace

Model model_of(const Napi::Value & value) { return NativeModel::of(value).open(); }

Model loaded_model_of(const Napi::Value & value) {
    auto model = model_of(value);
    if (model->no_alloc) {
        throw Napi::TypeError::New(value.Env(), "the model was opened with metadataOnly: it has no weights to compute with");
    }
    return model;
}

void define_model(Napi::Env env, Napi::Object exports) {
    auto * constructor = new Napi::FunctionReference(Napi::Persistent(NativeModel::define(env)));
    env.SetInstanceData(constructor);
    define_function<open_model>(env, exports, "openModel");
    define_function<vision_memory>(env, exports, "visionMemory");
    exports.Set("Evaluator", define_evaluator(env));
    exports.Set("Chat", define_chat(env));
}

} // namespace snug
