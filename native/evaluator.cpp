// The JavaScript face of an evaluation.
#include "arguments.h"
#include "evaluation.h"
#include "guard.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace snug {

namespace {

constexpr int64_t MOST_SLOTS      = std::numeric_limits<int32_t>::max();
constexpr int64_t MOST_LAYERS     = 10'000;
constexpr int64_t MOST_DIMENSIONS = 1 << 20;

Span read_span(const Napi::Object & entry) {
    constexpr int64_t MOST = std::numeric_limits<int32_t>::max();
    return { read_integer(entry, "logitsFirst", -MOST, MOST, 0), read_integer(entry, "logitsCount", 0, MOST, 0) };
}

std::vector<float> read_weights(const Napi::Object & object) {
    const auto given = object.Get("weights");
    if (given.IsUndefined()) {
        return {};
    }
    auto weights = read_float32_array(given, "weights");
    for (const float weight : weights) {
        if (!std::isfinite(weight) || weight < 0) {
            throw wrong(object.Env(), "weights", "numbers from 0 on");
        }
    }
    return weights;
}

RowsRequest read_rows_request(const Napi::Object & object) {
    RowsRequest request;
    request.path         = read_string(object, "path");
    request.first        = read_integer<uint64_t>(object, "first", 0, MOST_SLOTS - MOST_BATCH_TOKENS);
    request.lengths      = read_int32_array(object.Get("lengths"), "lengths");
    request.positions    = read_int32_array(object.Get("positions"), "positions");
    request.weights      = read_weights(object);
    request.outputs_path = read_string(object, "outputsPath", "");
    if (std::any_of(request.lengths.begin(), request.lengths.end(), [](int32_t length) { return length < 1; })) {
        throw wrong(object.Env(), "lengths", "tokens of each sequence, from 1 on");
    }
    if (std::any_of(request.positions.begin(), request.positions.end(), [](int32_t position) { return position < 0; })) {
        throw wrong(object.Env(), "positions", "numbers from 0 on");
    }
    return request;
}

TapOptions read_tap(const Napi::Object & options, int layers) {
    const auto grams = options.Get("grams");
    if (grams.IsUndefined()) {
        return { read_bool(options, "tap", false) ? Gathers::importance : Gathers::nothing, {} };
    }
    const auto   object = read_object(grams, "grams");
    TappedLayers tapped{};
    tapped.first      = read_integer(object, "firstLayer", 0, layers - 1);
    tapped.last       = read_integer(object, "lastLayer", tapped.first, layers - 1);
    tapped.sums       = read_bool(object, "sums", true);
    tapped.and_output = read_bool(object, "andOutput", false);
    tapped.named      = read_integer(object, "named", 0, MOST_LAYERS, 0);
    if (tapped.and_output && tapped.last != layers - 1) {
        throw wrong(options.Env(), "andOutput", "false where lastLayer is not the model's last");
    }
    return { Gathers::grams, tapped };
}

Request read_request(const Napi::Object & object) {
    Request    request;
    const auto sequences = read_array(object.Get("sequences"), "sequences");
    for (uint32_t i = 0; i < sequences.Length(); ++i) {
        const auto entry = sequences.Get(i);
        request.sequences.push_back(read_sequence(entry, Pictures::with_pixels));
        request.logits.push_back(read_span(entry.As<Napi::Object>()));
    }
    request.weights = read_weights(object);
    if (const auto slots = object.Get("sampleSlots"); !slots.IsUndefined()) {
        request.slots             = read_int32_array(slots, "sampleSlots");
        request.sample_path       = read_string(object, "samplePath");
        request.slots_per_layer   = read_integer<int64_t>(object, "slotsPerLayer", 1, MOST_SLOTS);
        request.sample_dimensions = read_integer<int64_t>(object, "sampleDimensions", 1, MOST_DIMENSIONS, MOST_DIMENSIONS);
        request.sample_seed       = read_integer<uint32_t>(object, "sampleSeed", 0, std::numeric_limits<uint32_t>::max(), 0);
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
                               method<&Evaluator::run_rows>("runRows"),
                               method<&Evaluator::importance>("importance"),
                               method<&Evaluator::restore>("restoreImportance"),
                               method<&Evaluator::grams>("grams"),
                               method<&Evaluator::write_gram>("writeGram"),
                               method<&Evaluator::clear_grams>("clearGrams"),
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
        const auto model       = loaded_model_of(info[0]);
        const auto tap         = read_tap(options, llama_model_n_layer(model->model.get()));
        context.outputs        = tap.gathers != Gathers::nothing
                                     ? context.batch_tokens
                                     : std::min(read_integer<uint32_t>(options, "outputs", 1, MOST_BATCH_TOKENS), context.batch_tokens);
        return std::make_shared<EvaluatorState>(model, context, tap);
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

    Napi::Value run_rows(const Napi::CallbackInfo & info) {
        auto shared  = open();
        auto request = std::make_shared<RowsRequest>(read_rows_request(read_object(info[0], "the run")));
        return run_async(
            info.Env(), info.Env().Undefined(), [=](const Emitter &) { shared->run_rows(*request); },
            [](Napi::Env env) { return env.Undefined(); });
    }

    Napi::Value grams(const Napi::CallbackInfo & info) {
        auto       env    = info.Env();
        auto       result = Napi::Array::New(env);
        const auto shared = open();
        const auto held   = shared->grams();
        for (const auto & gram : held.sums.grams()) {
            auto object  = Napi::Object::New(env);
            auto weights = Napi::Array::New(env), blocks = Napi::Array::New(env);
            for (const auto & name : gram->weights) {
                weights.Set(weights.Length(), name);
            }
            for (const int64_t size : gram->blocks()) {
                blocks.Set(blocks.Length(), static_cast<double>(size));
            }
            object.Set("weights", weights);
            object.Set("blocks", blocks);
            object.Set("columns", static_cast<double>(gram->columns()));
            object.Set("tokens", static_cast<double>(gram->tokens));
            object.Set("zeroColumns", static_cast<double>(gram->zero_columns()));
            result.Set(result.Length(), object);
        }
        return result;
    }

    Napi::Value write_gram(const Napi::CallbackInfo & info) {
        const auto shared = open();
        const auto index  = static_cast<size_t>(read_whole(info[0], "the gram", 0, MOST_SLOTS));
        const auto path   = read_path(info[1], "the file");
        return run_async(
            info.Env(), info.Env().Undefined(),
            [=](const Emitter &) {
                const auto held = shared->grams();
                if (index >= held.sums.grams().size()) {
                    throw Failure(Code::TAP, "there is no gram " + std::to_string(index));
                }
                held.sums.grams()[index]->write(File(path, File::Mode::write));
            },
            [](Napi::Env env) { return env.Undefined(); });
    }

    Napi::Value clear_grams(const Napi::CallbackInfo & info) {
        const auto shared = open();
        shared->grams().sums.clear();
        return info.Env().Undefined();
    }

    Napi::Value importance(const Napi::CallbackInfo & info) {
        auto env    = info.Env();
        auto result = Napi::Object::New(env);
        for (const auto & [name, entry] : open()->importance()) {
            auto object = Napi::Object::New(env);
            object.Set("sums", array_of<Napi::Float32Array>(env, entry.sums));
            object.Set("count", entry.count);
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
            restored[name]    = { read_float32_array(object.Get("sums"), "sums"), read_number(object, "count", 0, MOST_FILE_BYTES) };
        }
        shared->restore(std::move(restored));
        return info.Env().Undefined();
    }
};

} // namespace

Napi::Function define_evaluator(Napi::Env env) { return Evaluator::define(env); }

} // namespace snug
