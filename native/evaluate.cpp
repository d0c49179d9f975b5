// Runs many sequences through the model in one large batch. Text tokens enter as their embedding rows, so that text and
// pictures of different sequences share a batch: a model larger than RAM is then read from disk once per batch.
#include "embedding_batch.h"
#include "model.h"
#include "tap.h"

#include "mtmd-helper.h"

#include <cstring>

namespace snug {

namespace {

struct Span {
    int32_t first;
    int32_t count;
};

// One call of run(): the sequences and what is wanted of them.
struct Request {
    std::vector<Sequence> sequences;
    std::vector<Span>     logits; // per sequence: the tokens whose next-token logits are wanted
    std::vector<int32_t>  slots;  // per token of the batch: its sample slot or -1
    std::string           sample_path;
    int64_t               slots_per_layer = 0;
};

Request read_request(const Napi::Object & object) {
    Request request;
    auto    sequences = object.Get("sequences").As<Napi::Array>();
    for (uint32_t i = 0; i < sequences.Length(); ++i) {
        auto entry = sequences.Get(i).As<Napi::Object>();
        request.sequences.push_back(read_sequence(entry));
        request.logits.push_back({ static_cast<int32_t>(read_number(entry, "logitsFirst", 0)), static_cast<int32_t>(read_number(entry, "logitsCount", 0)) });
    }
    if (auto slots = object.Get("sampleSlots"); slots.IsTypedArray()) {
        auto array = slots.As<Napi::Int32Array>();
        request.slots.assign(array.Data(), array.Data() + array.ElementLength());
        request.sample_path     = read_string(object, "samplePath");
        request.slots_per_layer = static_cast<int64_t>(read_number(object, "slotsPerLayer"));
    }
    return request;
}

struct Outcome {
    std::vector<float> logits;
    double             tokens       = 0;
    double             image_tokens = 0;
};

struct EvaluatorState {
    Model                model;
    Abort                abort = std::make_shared<std::atomic<bool>>(false);
    std::unique_ptr<Tap> tap;
    EmbeddingTable       embeddings;
    ContextOptions       options;
    std::unique_ptr<Context> context;
    // a run uses the whole context: one at a time
    std::mutex           running;

    EvaluatorState(const Model & model, ContextOptions context_options, bool with_tap) :
        model(model), embeddings(model->path, model->embedding_length()), options(context_options) {
        if (with_tap) {
            tap                  = std::make_unique<Tap>(llama_model_n_layer(model->model.get()));
            options.observe      = Tap::observe;
            options.observe_data = tap.get();
        }
        context = std::make_unique<Context>(model, options, abort);
    }

    Outcome run(Request request, const Emitter & emitter);

  private:
    void fill(EmbeddingBatch & batch, const std::vector<PreparedSequence> & sequences, Outcome & outcome, const Emitter & emitter);
    void decode(EmbeddingBatch & batch);
};

void EvaluatorState::fill(EmbeddingBatch & batch, const std::vector<PreparedSequence> & sequences, Outcome & outcome, const Emitter & emitter) {
    const bool mrope = model->uses_mrope();
    int32_t    token = 0;
    for (size_t sequence = 0; sequence < sequences.size(); ++sequence) {
        llama_pos position = 0;
        for (const auto & piece : sequences[sequence].pieces) {
            throw_if_aborted(abort);
            const int32_t count = piece.token_count();
            std::vector<mtmd_decoder_pos> at(count);
            if (piece.image) {
                if (mtmd_decode_use_non_causal(model->vision.get(), piece.image)) {
                    throw Failure("UNSUPPORTED", "calibration of models with non-causal pictures is not supported");
                }
                const auto rows = model->encode(piece.image);
                std::memcpy(batch.row(token), rows.data(), rows.size() * sizeof(float));
                mtmd_helper_image_get_decoder_pos(mtmd_input_chunk_get_tokens_image(piece.image), position, at.data());
                outcome.image_tokens += count;
            }
            for (int32_t i = 0; i < count; ++i) {
                if (!piece.image) {
                    embeddings.read(piece.tokens[i], batch.row(token + i));
                }
                if (!piece.image || !mrope) {
                    const auto here = static_cast<uint32_t>(position + i);
                    at[i]           = { here, here, here, 0 };
                }
                batch.place(token + i, static_cast<llama_seq_id>(sequence), at[i]);
            }
            token += count;
            position += piece.position_count();
        }
        emitter.progress(static_cast<double>(sequence + 1), static_cast<double>(sequences.size()));
    }
    outcome.tokens = token;
}

void EvaluatorState::decode(EmbeddingBatch & batch) {
    LogMark log;
    llama_memory_clear(llama_get_memory(context->get()), true);
    const int32_t status = llama_decode(context->get(), batch.view());
    throw_if_aborted(abort);
    if (tap) {
        if (const auto reason = tap->take_failure(); !reason.empty()) {
            throw Failure("TAP", reason);
        }
    }
    if (status != 0) {
        throw Failure("DECODE_FAILED", "llama.cpp could not run the batch (" + std::to_string(status) + "): " + log.reasons());
    }
}

Outcome EvaluatorState::run(Request request, const Emitter & emitter) {
    std::lock_guard<std::mutex> lock(running);
    std::vector<PreparedSequence> sequences;
    int32_t tokens = 0;
    for (auto & sequence : request.sequences) {
        sequences.emplace_back(*model, std::move(sequence));
        tokens += sequences.back().token_count();
    }
    if (tokens == 0 || tokens > static_cast<int32_t>(options.batch_tokens) || sequences.size() > options.sequences) {
        throw Failure("BATCH_SIZE", std::to_string(tokens) + " tokens in " + std::to_string(sequences.size()) + " sequences do not fit a batch of " +
                                        std::to_string(options.batch_tokens) + " tokens and " + std::to_string(options.sequences) + " sequences");
    }
    Outcome        outcome;
    EmbeddingBatch batch(tokens, model->embedding_length(), model->uses_mrope() ? 4 : 1);
    fill(batch, sequences, outcome, emitter);

    std::vector<int32_t> wanted;
    int32_t              first = 0;
    for (size_t i = 0; i < sequences.size(); ++i) {
        for (int32_t j = 0; j < request.logits[i].count; ++j) {
            wanted.push_back(first + request.logits[i].first + j);
        }
        first += sequences[i].token_count();
    }
    if (tap) {
        // every token is an output, or llama.cpp drops the last layer's other rows before its feed-forward part
        for (int32_t i = 0; i < tokens; ++i) {
            batch.want_output(i);
        }
        if (!request.slots.empty() && request.slots.size() != static_cast<size_t>(tokens)) {
            throw Failure("BATCH_SIZE", "sampleSlots has " + std::to_string(request.slots.size()) + " entries for " + std::to_string(tokens) + " tokens");
        }
        auto file = request.slots.empty() ? nullptr : std::make_shared<File>(request.sample_path, File::Mode::write);
        tap->sample_into(file, std::move(request.slots), request.slots_per_layer);
    } else {
        if (wanted.size() > options.outputs || (!wanted.empty() && (wanted.front() < 0 || wanted.back() >= tokens))) {
            throw Failure("BATCH_SIZE", "logits of " + std::to_string(wanted.size()) + " tokens were asked for, outside the batch or above the limit of " + std::to_string(options.outputs));
        }
        for (const int32_t token : wanted) {
            batch.want_output(token);
        }
    }
    decode(batch);
    if (!tap) {
        const size_t width = model->vocabulary_size();
        outcome.logits.reserve(wanted.size() * width);
        for (const int32_t token : wanted) {
            const float * row = llama_get_logits_ith(context->get(), token);
            outcome.logits.insert(outcome.logits.end(), row, row + width);
        }
    }
    return outcome;
}

class Evaluator : public Napi::ObjectWrap<Evaluator> {
  public:
    static Napi::Function define(Napi::Env env) {
        return DefineClass(env, "Evaluator", {
            InstanceMethod<&Evaluator::run>("run"),
            InstanceMethod<&Evaluator::importance>("importance"),
            InstanceMethod<&Evaluator::restore>("restoreImportance"),
            InstanceMethod<&Evaluator::abort>("abort"),
            InstanceMethod<&Evaluator::close>("close"),
        });
    }

    explicit Evaluator(const Napi::CallbackInfo & info) : Napi::ObjectWrap<Evaluator>(info) {
        auto           options = info[1].As<Napi::Object>();
        ContextOptions context_options;
        context_options.batch_tokens   = static_cast<uint32_t>(read_number(options, "batchTokens"));
        context_options.context_tokens = context_options.batch_tokens;
        context_options.sequences      = static_cast<uint32_t>(read_number(options, "sequences"));
        context_options.threads        = static_cast<int32_t>(read_number(options, "threads"));
        const bool tap                 = read_bool(options, "tap", false);
        context_options.outputs        = tap ? context_options.batch_tokens : static_cast<uint32_t>(read_number(options, "outputs"));
        try {
            state = std::make_shared<EvaluatorState>(model_of(info[0]), context_options, tap);
        } catch (const Failure & failure) {
            auto error = Napi::Error::New(info.Env(), failure.what());
            error.Value().Set("code", failure.code);
            throw error;
        }
    }

  private:
    std::shared_ptr<EvaluatorState> state;

    EvaluatorState & open(Napi::Env env) const {
        if (!state) {
            throw Napi::Error::New(env, "the evaluator is closed");
        }
        return *state;
    }

    Napi::Value run(const Napi::CallbackInfo & info) {
        open(info.Env());
        auto shared  = state;
        auto request = std::make_shared<Request>(read_request(info[0].As<Napi::Object>()));
        auto outcome = std::make_shared<Outcome>();
        return run_async(info.Env(), info[1],
            [=](const Emitter & emitter) { *outcome = shared->run(std::move(*request), emitter); },
            [=](Napi::Env env) {
                auto result = Napi::Object::New(env);
                auto logits = Napi::Float32Array::New(env, outcome->logits.size());
                std::copy(outcome->logits.begin(), outcome->logits.end(), logits.Data());
                result.Set("logits", logits);
                result.Set("tokens", outcome->tokens);
                result.Set("imageTokens", outcome->image_tokens);
                return result;
            });
    }

    Napi::Value importance(const Napi::CallbackInfo & info) {
        auto   env    = info.Env();
        auto   result = Napi::Object::New(env);
        auto & tap    = open(env).tap;
        for (const auto & [name, entry] : tap ? tap->importance : std::map<std::string, Importance>{}) {
            auto sums = Napi::Float32Array::New(env, entry.sums.size());
            std::copy(entry.sums.begin(), entry.sums.end(), sums.Data());
            auto object = Napi::Object::New(env);
            object.Set("sums", sums);
            object.Set("count", static_cast<double>(entry.count));
            result.Set(name, object);
        }
        return result;
    }

    Napi::Value restore(const Napi::CallbackInfo & info) {
        auto & tap = open(info.Env()).tap;
        if (!tap) {
            throw Napi::Error::New(info.Env(), "this evaluator has no tap");
        }
        auto entries = info[0].As<Napi::Object>();
        for (const auto & [key, value] : entries) {
            auto   object = value.AsValue().As<Napi::Object>();
            auto   sums   = object.Get("sums").As<Napi::Float32Array>();
            auto & entry  = tap->importance[key.As<Napi::String>().Utf8Value()];
            entry.sums.assign(sums.Data(), sums.Data() + sums.ElementLength());
            entry.count = static_cast<int64_t>(read_number(object, "count"));
        }
        return info.Env().Undefined();
    }

    Napi::Value abort(const Napi::CallbackInfo & info) {
        if (state) {
            state->abort->store(true);
        }
        return info.Env().Undefined();
    }

    Napi::Value close(const Napi::CallbackInfo & info) {
        state.reset();
        return info.Env().Undefined();
    }
};

} // namespace

Napi::Function define_evaluator(Napi::Env env) { return Evaluator::define(env); }

} // namespace snug
