#pragma once

#include "sequences.h"
#include "support.h"

#include "llama-cpp.h"
#include "mtmd.h"

#include <mutex>
#include <string>

namespace snug {

// A loaded text model and, when it can see, its vision encoder. Shared by every context made from it and by every job
// that runs on it; freed with the last of them.
struct ModelState {
    std::vector<std::string> paths;
    bool                     no_alloc = false;
    llama_model_ptr          model;
    mtmd::context_ptr        vision;
    // what llama.cpp warned of as it loaded both
    std::vector<std::string> warnings;
    // mtmd keeps the embeddings of its last image in its context: one encode at a time
    std::mutex encoding;

    const llama_vocab * vocab() const { return llama_model_get_vocab(model.get()); }
    int32_t             embedding_length() const { return llama_model_n_embd(model.get()); }
    // what a token of a picture comes with: its embedding, and where the model has it what is added behind its first layers (deepstack)
    int32_t     input_length() const { return llama_model_n_embd_inp(model.get()); }
    int32_t     vocabulary_size() const { return llama_vocab_n_tokens(vocab()); }
    bool        uses_mrope() const;
    std::string piece(llama_token token) const;

    // The image's embeddings [n_tokens × input_length], copied out under the lock.
    std::vector<float> encode(const mtmd_input_chunk * image);
};
using Model = std::shared_ptr<ModelState>;

struct ContextOptions {
    uint32_t                         context_tokens;
    uint32_t                         batch_tokens;
    uint32_t                         sequences = 1;
    uint32_t                         outputs   = 1;
    int32_t                          threads;
    ggml_backend_sched_eval_callback observe      = nullptr;
    void *                           observe_data = nullptr;
};

// A llama.cpp context with threads of its own that stay between its runs: without them ggml starts new ones for every
// token, which costs more than a small model's token itself.
class Context {
  public:
    Context(const Model & model, const ContextOptions & options, const Abort & abort);
    llama_context *   get() const { return context.get(); }
    ggml_threadpool * threadpool() const { return threads.get(); }

  private:
    std::unique_ptr<ggml_threadpool, void (*)(ggml_threadpool *)> threads; // outlives the context that uses it
    llama_context_ptr                                             context;
};

// the state behind a JavaScript Model; throws when it was closed
Model model_of(const Napi::Value & value);
// as well as when it was opened without its weights: nothing can be computed with it
Model loaded_model_of(const Napi::Value & value);

constexpr int64_t MOST_BATCH_TOKENS = 1 << 20;

Napi::Function define_evaluator(Napi::Env env);
Napi::Function define_chat(Napi::Env env);

} // namespace snug
