#pragma once

#include "model.h"

#include <set>
#include <string>
#include <vector>

namespace snug {

struct Sampling {
    float    temperature; // 0 is greedy
    int32_t  top_k;
    float    top_p;
    float    min_p;
    uint32_t seed;
    int32_t  max_tokens;
    bool     ignore_end; // goes on after the model would stop: for measuring speed
};

struct PromptReport {
    double prompt_tokens  = 0;
    double reused_tokens  = 0;
    double encoded_images = 0;
    double encode_seconds = 0;
    double prompt_seconds = 0;
};

struct AnswerReport {
    std::string reason; // end, length, context or cancelled
    double      tokens  = 0;
    double      seconds = 0;
};

// One conversation's KV cache: reuses what the new prompt shares with the old one, evaluates the rest, samples an answer.
// prompt() and answer() may be called from any thread and take turns; setting `abort` ends the one that runs.
class Conversation {
  public:
    Conversation(const Model & model, const ContextOptions & options) : model(model), options(options), context(model, options, abort) {}

    const Model model;
    const Abort abort = std::make_shared<std::atomic<bool>>(false);

    // Throws Failure CONTEXT_FULL when it does not fit, CANCELLED when aborted; the cache then holds what was run.
    PromptReport prompt(Sequence sequence, const Emitter & emitter);
    // Emits { token, bytes } per token.
    AnswerReport answer(const Sampling & sampling, const Emitter & emitter);
    // next-token logits after the last token run [vocabulary]. Throws Failure BUSY while something runs.
    std::vector<float> logits();

  private:
    // What one cached token or picture is, enough to tell whether a new prompt starts with it.
    struct Cell {
        llama_token token;
        std::string image_id; // empty for a text token
        llama_pos   positions;
        int32_t     tokens;
        bool operator==(const Cell & other) const { return token == other.token && image_id == other.image_id && tokens == other.tokens; }
    };

    llama_pos         position_after(size_t count) const;
    llama_pos         next_position() const;
    int32_t           used_tokens() const;
    void              keep(size_t count);
    size_t            shared_with(const std::vector<Cell> & wanted) const;
    bool              remembers(size_t count) const;
    void              decode_text(const llama_token * tokens, int32_t count);
    void              decode_image(const Piece & piece, PromptReport & report, const Emitter & emitter);
    [[noreturn]] void fail_decode(int32_t status, const std::string & reasons) const;

    ContextOptions    options;
    Context           context;
    std::vector<Cell> cells;
    // what the prompt has between its turns: a model that writes one of these begins another turn, also where its file names it as no end
    std::set<llama_token> turn_tokens;
    std::mutex            running;
};

} // namespace snug
