// The JavaScript face of an evaluation.
#include "arguments.h"
#include "evaluation.h"
#include "guard.h"

#include <limits>

namespace snug {

namespace {

constexpr int64_t MOST_SLOTS = std::numeric_limits<int32_t>::max();

Span read_span(const Napi::Object & entry) {
    constexpr int64_t MOST = std::numeric_limits<int32_t>::max();
    return { read_integer(entry, "logitsFirst", -MOST, MOST, 0), read_integer(entry, "logitsCount", 0, MOST, 0) };
}

Request read_request(const Napi::Object & object) {
    Request    request;
    const auto sequences = read_array(object.Get("sequences"), "sequences");
    for (uint32_t i = 0; i < sequences.Length(); ++i) {
        const auto entry = sequences.Get(i);
        request.sequences.push_back(read_sequence(entry, Pictures::with_pixels));
        request.logits.push_back(read_span(entry.As<Napi::Object>()));
    }
    if (const auto slots = object.Get("sampleSlots"); !slots.IsUndefined()) {
        request.slots           = read_int32_array(slots, "sampleSlots");
        request.sample_path     = read_string(object, "samplePath");
        request.slots_per_layer = read_integer<int64_t>(object, "slotsPerLayer", 1, MOST_SLOTS);
        for (const int32_t slot : request.slots) {
            if (slot < -1 || slot >= request.slots_per_layer) {
                throw wrong(object.Env(), "sampleSlots", "slots below slotsPerLayer, or -1");
            }
        }
    }
    return request;
}

class Evaluator : public Closable<Evaluator, EvaluatorState> {
  public:
    static constexpr napi_type_tag TAG  = { 0x9be04c7712da4f63, 0xa3c85d21f6907e1b };
    static constexpr const char *  NAME = "Evaluator";

    static Napi::Function define(Napi::Env env) {
        return DefineClass(env, "Evaluator",
                           {
                               method<&Evaluator::run>("run"),
                               method<&Evaluator::importance>("importance"),
                               method<&Evaluator::restore>("restoreImportance"),
                               method<&Evaluator::abort>("abort"),
                               method<&Evaluator::close>("close"),
                           });
    }

    explicit Evaluator(const Napi::CallbackInfo & info) : Closable(info, guarded(info.Env(), [&] { return start(info); })) {}

  private:
    static std::shared_ptr<EvaluatorState> start(const Napi::CallbackInfo & info) {
        auto           options = read_object(info[1], "the options");
        ContextOptions context;
        context.batch_tokens   = read_integer<uint32_t>(options, "batchTokens", 1, MOST_BATCH_TOKENS);
        context.context_tokens = context.batch_tokens;
        context.sequences      = read_integer<uint32_t>(options, "sequences", 1, static_cast<int64_t>(llama_max_parallel_sequences()));
        context.threads        = read_threads(options);
        const bool tap         = read_bool(options, "tap", false);
        context.outputs =
            tap ? context.batch_tokens : std::min(read_integer<uint32_t>(options, "outputs", 1, MOST_BATCH_TOKENS), context.batch_tokens);
        return std::make_shared<EvaluatorState>(loaded_model_of(info[0]), context, tap);
    }

    Napi::Value run(const Napi::CallbackInfo & info) {
        auto shared  = open();
        auto request = std::make_shared<Request>(read_request(read_object(info[0], "the run")));
        auto outcome = std::make_shared<Outcome>();
        return run_async(
            info.Env(), info[1], [=](const Emitter & emitter) { *outcome = shared->run(std::move(*request), emitter); },
            [=](Napi::Env env) {
                auto result = Napi::Object::New(env);
                result.Set("logits", array_of<Napi::Float32Array>(env, outcome->logits));
                result.Set("tokens", outcome->tokens);
                result.Set("imageTokens", outcome->image_tokens);
                return result;
            });
    }

    Napi::Value importance(const Napi::CallbackInfo & info) {
        auto env    = info.Env();
        auto result = Napi::Object::New(env);
        for (const auto & [name, entry] : open()->importance()) {
            auto object = Napi::Object::New(env);
            object.Set("sums", array_of<Napi::Float32Array>(env, entry.sums));
            object.Set("count", static_cast<double>(entry.count));
            result.Set(name, object);
        }
        return result;
    }

    Napi::Value restore(const Napi::CallbackInfo & info) {
        const auto                        shared  = open();
        const auto                        entries = read_object(info[0], "the importance");
        const auto                        names   = entries.GetPropertyNames();
        std::map<std::string, Importance> restored;
        for (uint32_t i = 0; i < names.Length(); ++i) {
            const auto name   = names.Get(i).ToString().Utf8Value();
            const auto object = read_object(entries.Get(name), name);
            restored[name] = { read_float32_array(object.Get("sums"), "sums"), read_integer<int64_t>(object, "count", 0, MOST_FILE_BYTES) };
        }
        shared->restore(std::move(restored));
        return info.Env().Undefined();
    }
};

} // namespace

Napi::Function define_evaluator(Napi::Env env) { return Evaluator::define(env); }

} // namespace snug
