#pragma once

#include "embedding_batch.h"
#include "model.h"
#include "tap.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace snug {

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

struct Outcome {
    std::vector<float> logits;
    double             tokens       = 0;
    double             image_tokens = 0;
};

// Runs many sequences through the model in one large batch. Text tokens enter as their embedding rows, so that text and
// pictures of different sequences share a batch: a model larger than RAM is then read from disk once per batch.
struct EvaluatorState {
    Model                    model;
    Abort                    abort = std::make_shared<std::atomic<bool>>(false);
    std::unique_ptr<Tap>     tap;
    EmbeddingTable           embeddings;
    ContextOptions           options;
    std::unique_ptr<Context> context;
    // a run uses the whole context: one at a time
    std::mutex running;

    EvaluatorState(const Model & model, ContextOptions context_options, bool with_tap);

    Outcome run(Request request, const Emitter & emitter);
    // Both throw Failure BUSY while something runs.
    std::map<std::string, Importance> importance();
    void                              restore(std::map<std::string, Importance> entries);

  private:
    std::unique_lock<std::mutex> idle();
    std::vector<int32_t>         wanted_tokens(const std::vector<Span> & logits, const std::vector<PreparedSequence> & sequences) const;
    void                         want_all(EmbeddingBatch & batch, Request & request, int32_t tokens);
    void fill(EmbeddingBatch & batch, const std::vector<PreparedSequence> & sequences, Outcome & outcome, const Emitter & emitter);
    void decode(EmbeddingBatch & batch);
};

} // namespace snug
