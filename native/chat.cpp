// The JavaScript face of a conversation.
#include "conversation.h"

namespace snug {

namespace {

Sampling read_sampling(const Napi::Object & options) {
    return {
        static_cast<float>(read_number(options, "temperature", 0)),
        static_cast<int32_t>(read_number(options, "topK", 40)),
        static_cast<float>(read_number(options, "topP", 0.95)),
        static_cast<float>(read_number(options, "minP", 0.05)),
        static_cast<uint32_t>(read_number(options, "seed", 0)),
        static_cast<int32_t>(read_number(options, "maxTokens")),
        read_bool(options, "ignoreEnd", false),
    };
}

class Chat : public Napi::ObjectWrap<Chat> {
  public:
    static Napi::Function define(Napi::Env env) {
        return DefineClass(env, "Chat", {
            InstanceMethod<&Chat::prompt>("prompt"),
            InstanceMethod<&Chat::answer>("answer"),
            InstanceMethod<&Chat::logits>("logits"),
            InstanceMethod<&Chat::abort>("abort"),
            InstanceMethod<&Chat::close>("close"),
        });
    }

    explicit Chat(const Napi::CallbackInfo & info) : Napi::ObjectWrap<Chat>(info) {
        auto           options = info[1].As<Napi::Object>();
        ContextOptions context_options;
        context_options.context_tokens = static_cast<uint32_t>(read_number(options, "contextTokens"));
        context_options.batch_tokens   = static_cast<uint32_t>(read_number(options, "batchTokens"));
        context_options.threads        = static_cast<int32_t>(read_number(options, "threads"));
        try {
            state = std::make_shared<Conversation>(model_of(info[0]), context_options);
        } catch (const Failure & failure) {
            auto error = Napi::Error::New(info.Env(), failure.what());
            error.Value().Set("code", failure.code);
            throw error;
        }
    }

  private:
    std::shared_ptr<Conversation> state;

    std::shared_ptr<Conversation> open(Napi::Env env) const {
        if (!state) {
            throw Napi::Error::New(env, "the chat is closed");
        }
        return state;
    }

    Napi::Value prompt(const Napi::CallbackInfo & info) {
        auto shared   = open(info.Env());
        // here and not where it runs: an abort right after this call must not be forgotten
        shared->abort->store(false);
        auto sequence = std::make_shared<Sequence>(read_sequence(info[0].As<Napi::Object>()));
        auto report   = std::make_shared<PromptReport>();
        return run_async(info.Env(), info[1],
            [=](const Emitter & emitter) { *report = shared->prompt(std::move(*sequence), emitter); },
            [=](Napi::Env env) {
                auto result = Napi::Object::New(env);
                result.Set("promptTokens", report->prompt_tokens);
                result.Set("reusedTokens", report->reused_tokens);
                result.Set("encodedImages", report->encoded_images);
                result.Set("encodeSeconds", report->encode_seconds);
                result.Set("promptSeconds", report->prompt_seconds);
                return result;
            });
    }

    Napi::Value answer(const Napi::CallbackInfo & info) {
        auto       shared   = open(info.Env());
        const auto sampling = read_sampling(info[0].As<Napi::Object>());
        auto       report   = std::make_shared<AnswerReport>();
        return run_async(info.Env(), info[1],
            [=](const Emitter & emitter) { *report = shared->answer(sampling, emitter); },
            [=](Napi::Env env) {
                auto result = Napi::Object::New(env);
                result.Set("reason", report->reason);
                result.Set("tokens", report->tokens);
                result.Set("seconds", report->seconds);
                return result;
            });
    }

    // next-token logits after the last prompt or answer token [vocabulary]
    Napi::Value logits(const Napi::CallbackInfo & info) {
        auto          shared = open(info.Env());
        const size_t  width  = shared->model->vocabulary_size();
        const float * row    = shared->logits();
        if (!row) {
            throw Napi::Error::New(info.Env(), "there are no logits before a prompt");
        }
        auto          result = Napi::Float32Array::New(info.Env(), width);
        std::copy(row, row + width, result.Data());
        return result;
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

Napi::Function define_chat(Napi::Env env) { return Chat::define(env); }

} // namespace snug
