// The JavaScript face of a conversation.
#include "arguments.h"
#include "conversation.h"
#include "guard.h"

#include <limits>

namespace snug {

namespace {

Sampling read_sampling(const Napi::Object & options) {
    constexpr int64_t MOST = std::numeric_limits<int32_t>::max();
    return {
        static_cast<float>(read_number(options, "temperature", 0, 100, 0)),
        read_integer(options, "topK", 0, MOST, 40),
        static_cast<float>(read_number(options, "topP", 0, 1, 0.95)),
        static_cast<float>(read_number(options, "minP", 0, 1, 0.05)),
        options.Get("seed").IsUndefined() ? 0 : read_seed(options),
        read_integer(options, "maxTokens", 0, MOST),
        read_bool(options, "ignoreEnd", false),
    };
}

class Chat : public Closable<Chat, Conversation> {
  public:
    static constexpr napi_type_tag TAG  = { 0x2f83d5c61b0a4e97, 0xb7416e0d9c2f8a35 };
    static constexpr const char *  NAME = "Chat";

    static Napi::Function define(Napi::Env env) {
        return DefineClass(env, "Chat",
                           {
                               method<&Chat::prompt>("prompt"),
                               method<&Chat::answer>("answer"),
                               method<&Chat::logits>("logits"),
                               method<&Chat::abort>("abort"),
                               method<&Chat::close>("close"),
                           });
    }

    explicit Chat(const Napi::CallbackInfo & info) : Closable(info, guarded(info.Env(), [&] { return start(info); })) {}

  private:
    static std::shared_ptr<Conversation> start(const Napi::CallbackInfo & info) {
        auto           options = read_object(info[1], "the options");
        ContextOptions context;
        context.context_tokens = read_integer<uint32_t>(options, "contextTokens", 1, MOST_CONTEXT_TOKENS);
        context.batch_tokens   = std::min(read_integer<uint32_t>(options, "batchTokens", 1, MOST_BATCH_TOKENS), context.context_tokens);
        context.threads        = read_threads(options);
        return std::make_shared<Conversation>(loaded_model_of(info[0]), context);
    }

    Napi::Value prompt(const Napi::CallbackInfo & info) {
        auto shared   = open();
        auto sequence = std::make_shared<Sequence>(read_sequence(info[0], Pictures::with_pixels_and_id));
        // here and not where it runs: an abort right after this call must not be forgotten
        shared->abort->store(false);
        auto report = std::make_shared<PromptReport>();
        return run_async(
            info.Env(), info[1], [=](const Emitter & emitter) { *report = shared->prompt(std::move(*sequence), emitter); },
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
        auto       shared   = open();
        const auto sampling = read_sampling(read_object(info[0], "the sampling"));
        auto       report   = std::make_shared<AnswerReport>();
        return run_async(
            info.Env(), info[1], [=](const Emitter & emitter) { *report = shared->answer(sampling, emitter); },
            [=](Napi::Env env) {
                auto result = Napi::Object::New(env);
                result.Set("reason", report->reason);
                result.Set("tokens", report->tokens);
                result.Set("seconds", report->seconds);
                return result;
            });
    }

    // next-token logits after the last prompt or answer token [vocabulary]
    Napi::Value logits(const Napi::CallbackInfo & info) { return array_of<Napi::Float32Array>(info.Env(), open()->logits()); }
};

} // namespace

Napi::Function define_chat(Napi::Env env) { return Chat::define(env); }

} // namespace snug
