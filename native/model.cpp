// Opens a model and its vision encoder, describes them, and counts what a prompt or a context will cost.
#include "model.h"

#include "addon.h"
#include "backends.h"

#include "llama-ext.h"
#include "mtmd-helper.h"
#include "vision_memory.h"

namespace snug {

bool ModelState::uses_mrope() const {
    const auto type = llama_model_rope_type(model.get());
    return type == LLAMA_ROPE_TYPE_MROPE || type == LLAMA_ROPE_TYPE_IMROPE;
}

std::string ModelState::piece(llama_token token) const {
    std::string text(32, '\0');
    int32_t     length = llama_token_to_piece(vocab(), token, text.data(), static_cast<int32_t>(text.size()), 0, false);
    if (length < 0) {
        text.resize(-length);
        length = llama_token_to_piece(vocab(), token, text.data(), static_cast<int32_t>(text.size()), 0, false);
    }
    text.resize(std::max(length, 0));
    return text;
}

std::vector<float> ModelState::encode(const mtmd_input_chunk * image) {
    std::lock_guard<std::mutex> lock(encoding);
    LogMark log;
    if (mtmd_encode_chunk(vision.get(), image) != 0) {
        throw Failure("ENCODE_FAILED", "the vision encoder failed: " + log.reasons());
    }
    const float * embeddings = mtmd_get_output_embd(vision.get());
    return { embeddings, embeddings + mtmd_input_chunk_get_n_tokens(image) * embedding_length() };
}

namespace {

struct OpenOptions {
    std::string path;
    std::string vision_path;
    bool        no_alloc;
    bool        mapped;
    int         gpu_layers;
    int         threads;
    int         image_min_tokens;
    int         image_max_tokens;
};

OpenOptions read_open_options(const Napi::Object & options) {
    return {
        read_string(options, "path"),
        read_string(options, "mmprojPath", ""),
        read_bool(options, "metadataOnly", false),
        read_bool(options, "mapped", true),
        static_cast<int>(read_number(options, "gpuLayers", 0)),
        static_cast<int>(read_number(options, "threads")),
        static_cast<int>(read_number(options, "imageMinTokens", -1)),
        static_cast<int>(read_number(options, "imageMaxTokens", -1)),
    };
}

struct LoadProgress {
    const Emitter * emitter;
    Abort           abort;
    float           last = -1;
    // llama.cpp calls this per tensor; a JavaScript event per hundredth is enough
    static bool call(float done, void * data) {
        auto * self = static_cast<LoadProgress *>(data);
        if (done - self->last >= 0.01f || done >= 1) {
            self->last = done;
            self->emitter->progress(done, 1);
        }
        return !is_aborted(self->abort);
    }
};

void load_text_model(ModelState & state, const OpenOptions & options, LoadProgress & progress) {
    auto parameters         = llama_model_default_params();
    parameters.n_gpu_layers = options.gpu_layers;
    // With a device at hand llama.cpp sends large batches there even of layers that stay on the CPU (Metal): predictions would be wrong.
    ggml_backend_dev_t no_devices[] = { nullptr };
    if (options.gpu_layers == 0) {
        parameters.devices = no_devices;
    }
    // simulated allocations need a model that is not mapped
    const bool mapped                      = options.mapped && !options.no_alloc;
    parameters.load_mode                   = mapped ? LLAMA_LOAD_MODE_MMAP : LLAMA_LOAD_MODE_NONE;
    // what is arranged anew lies in memory beside the pages of the file
    parameters.use_extra_bufts             = !options.mapped;
    parameters.no_alloc                    = options.no_alloc;
    parameters.progress_callback           = LoadProgress::call;
    parameters.progress_callback_user_data = &progress;
    LogMark log;
    state.model.reset(llama_model_load_from_file(options.path.c_str(), parameters));
    throw_if_aborted(progress.abort);
    if (!state.model) {
        throw Failure("MODEL_LOAD", "llama.cpp could not load " + options.path + ": " + log.reasons());
    }
}

mtmd_context_params vision_parameters(const OpenOptions & options) {
    auto parameters             = mtmd_context_params_default();
    parameters.use_gpu          = options.gpu_layers != 0;
    parameters.print_timings    = false;
    parameters.n_threads        = options.threads;
    parameters.warmup           = false;
    parameters.image_min_tokens = options.image_min_tokens;
    parameters.image_max_tokens = options.image_max_tokens;
    return parameters;
}

void load_vision(ModelState & state, const OpenOptions & options, LoadProgress & progress) {
    auto parameters                        = vision_parameters(options);
    parameters.progress_callback           = LoadProgress::call;
    parameters.progress_callback_user_data = &progress;
    LogMark log;
    state.vision.reset(mtmd_init_from_file(options.vision_path.c_str(), state.model.get(), parameters));
    throw_if_aborted(progress.abort);
    if (!state.vision) {
        throw Failure("MMPROJ_LOAD", "llama.cpp could not load " + options.vision_path + " with this model: " + log.reasons());
    }
    if (!mtmd_support_vision(state.vision.get())) {
        throw Failure("MMPROJ_LOAD", options.vision_path + " has no vision encoder");
    }
}

class NativeModel : public Napi::ObjectWrap<NativeModel> {
  public:
    static Napi::Function define(Napi::Env env) {
        return DefineClass(env, "Model", {
            InstanceMethod<&NativeModel::describe>("describe"),
            InstanceMethod<&NativeModel::tokenize>("tokenize"),
            InstanceMethod<&NativeModel::piece>("piece"),
            InstanceMethod<&NativeModel::layout>("layout"),
            InstanceMethod<&NativeModel::memory>("memory"),
            InstanceMethod<&NativeModel::close>("close"),
        });
    }

    explicit NativeModel(const Napi::CallbackInfo & info) : Napi::ObjectWrap<NativeModel>(info) {
        state = *info[0].As<Napi::External<Model>>().Data();
    }

    static const Model & of(const Napi::Value & value) {
        auto * self = Unwrap(value.As<Napi::Object>());
        return self->open(value.Env());
    }

  private:
    Model state;

    const Model & open(Napi::Env env) const {
        if (!state) {
            throw Napi::Error::New(env, "the model is closed");
        }
        return state;
    }

    Napi::Value describe(const Napi::CallbackInfo & info) {
        const auto & model  = open(info.Env());
        auto         result = Napi::Object::New(info.Env());
        result.Set("layers", llama_model_n_layer(model->model.get()));
        result.Set("embeddingLength", model->embedding_length());
        result.Set("vocabularySize", model->vocabulary_size());
        result.Set("trainingContextTokens", llama_model_n_ctx_train(model->model.get()));
        result.Set("canSee", model->vision != nullptr);
        result.Set("mediaMarker", mtmd_default_marker());
        return result;
    }

    Napi::Value tokenize(const Napi::CallbackInfo & info) {
        const auto text   = info[0].As<Napi::String>().Utf8Value();
        const auto tokens = tokenize_text(*open(info.Env()), text, info[1].ToBoolean(), info[2].ToBoolean());
        auto       result = Napi::Int32Array::New(info.Env(), tokens.size());
        std::copy(tokens.begin(), tokens.end(), result.Data());
        return result;
    }

    Napi::Value piece(const Napi::CallbackInfo & info) {
        const auto text = open(info.Env())->piece(info[0].As<Napi::Number>().Int32Value());
        return Napi::Buffer<char>::Copy(info.Env(), text.data(), text.size());
    }

    // What a sequence becomes: text and image pieces with their tokens and positions, in order. Nothing is encoded.
    Napi::Value layout(const Napi::CallbackInfo & info) {
        auto         env      = info.Env();
        const auto & model    = open(env);
        auto         sequence = read_sequence(info[0].As<Napi::Object>());
        auto         pieces   = Napi::Array::New(env);
        try {
            const PreparedSequence prepared(*model, std::move(sequence));
            for (const auto & piece : prepared.pieces) {
                auto entry = Napi::Object::New(env);
                entry.Set("kind", piece.image ? "image" : "text");
                entry.Set("tokens", piece.token_count());
                entry.Set("positions", piece.position_count());
                if (!piece.image) {
                    auto ids = Napi::Int32Array::New(env, piece.tokens.size());
                    std::copy(piece.tokens.begin(), piece.tokens.end(), ids.Data());
                    entry.Set("ids", ids);
                }
                pieces.Set(pieces.Length(), entry);
            }
        } catch (const Failure & failure) {
            auto error = Napi::Error::New(env, failure.what());
            error.Value().Set("code", failure.code);
            throw error;
        }
        return pieces;
    }

    // Bytes that a context takes: KV cache and compute buffers as llama.cpp itself reserves them. On a model opened with
    // metadataOnly nothing is allocated.
    Napi::Value memory(const Napi::CallbackInfo & info) {
        const auto     model   = open(info.Env());
        auto           options = info[0].As<Napi::Object>();
        ContextOptions context_options;
        context_options.context_tokens = static_cast<uint32_t>(read_number(options, "contextTokens"));
        context_options.batch_tokens   = static_cast<uint32_t>(read_number(options, "batchTokens"));
        context_options.threads        = static_cast<int32_t>(read_number(options, "threads", 1));
        auto sizes = std::make_shared<llama_memory_breakdown_data>();
        return run_async(info.Env(), info.Env().Undefined(),
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

    Napi::Value close(const Napi::CallbackInfo & info) {
        state.reset();
        return info.Env().Undefined();
    }
};

Napi::FunctionReference & model_constructor(Napi::Env env) {
    return *env.GetInstanceData<Napi::FunctionReference>();
}

Napi::Value open_model(const Napi::CallbackInfo & info) {
    const auto options = read_open_options(info[0].As<Napi::Object>());
    const auto abort   = AbortFlag::from(info[1]);
    auto       state   = std::make_shared<ModelState>();
    return run_async(info.Env(), info[2],
        [=](const Emitter & emitter) {
            cpu_device();
            throw_if_aborted(abort);
            LoadProgress progress{ &emitter, abort };
            state->path     = options.path;
            state->no_alloc = options.no_alloc;
            load_text_model(*state, options, progress);
            if (!options.vision_path.empty()) {
                load_vision(*state, options, progress);
            }
        },
        [=](Napi::Env env) {
            auto shared = state;
            return model_constructor(env).New({ Napi::External<Model>::New(env, &shared) });
        });
}

// Weights and the largest compute buffer of the vision encoder, without loading it.
Napi::Value vision_memory(const Napi::CallbackInfo & info) {
    const auto object = info[0].As<Napi::Object>();
    const auto path   = read_string(object, "mmprojPath");
    const auto width  = static_cast<int>(read_number(object, "width", 0));
    const auto height = static_cast<int>(read_number(object, "height", 0));
    auto       total  = std::make_shared<double>(0);
    return run_async(info.Env(), info.Env().Undefined(),
        [=](const Emitter &) {
            LogMark log;
            try {
                *total = static_cast<double>(vision_compute_bytes(path.c_str(), width, height));
            } catch (const std::exception & error) {
                throw Failure("MMPROJ_LOAD", "llama.cpp could not read " + path + ": " + error.what() + " " + log.reasons());
            }
        },
        [=](Napi::Env env) { return Napi::Number::New(env, *total); });
}

} // namespace

const Model & model_of(const Napi::Value & value) { return NativeModel::of(value); }

void define_model(Napi::Env env, Napi::Object exports) {
    auto * constructor = new Napi::FunctionReference(Napi::Persistent(NativeModel::define(env)));
    env.SetInstanceData(constructor);
    exports.Set("openModel", Napi::Function::New(env, open_model, "openModel"));
    exports.Set("visionMemory", Napi::Function::New(env, vision_memory, "visionMemory"));
    exports.Set("Evaluator", define_evaluator(env));
    exports.Set("Chat", define_chat(env));
}

} // namespace snug
