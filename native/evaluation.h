#pragma once

#include "embedding_batch.h"
#include "gram.h"
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
    int64_t               slots_per_layer   = 0;
    int64_t               sample_dimensions = 0; // rows of more are projected to so many
    uint32_t              sample_seed       = 0;
    std::vector<float>    weights; // per token of the batch what it counts in sums; none: each counts once
};

// One call of run_rows(): sequences as what goes into the first layer.
struct RowsRequest {
    std::string          path;      // [tokens × embedding] of floats
    uint64_t             first = 0; // row of the batch's first token, in the outputs as well
    std::vector<int32_t> lengths;   // tokens of each sequence
    std::vector<int32_t> positions; // [tokens × 4]: time, y, x, unused
    std::vector<float>   weights;
    std::string          outputs_path; // takes the layer's outputs; "": nobody wants them
};

// What a tap sums up.
enum class Gathers { nothing, importance, grams };
struct TapOptions {
    Gathers      gathers = Gathers::nothing;
    TappedLayers layers; // of grams; importance is of all
};

struct Outcome {
    std::vector<float> logits;
    double             tokens       = 0;
    double             image_tokens = 0;
};

// A piece of one of the sequences, and where its first token stands: in its sequence's positions, and among all tokens of the run.
struct Part {
    llama_seq_id  sequence;
    const Piece * piece;
    llama_pos     position;
    int32_t       first;
};
// What goes through the model at once.
struct Round {
    std::vector<Part> parts;
    bool              causal = true; // whether a token looks at none behind it

    int32_t token_count() const;
    bool    has_pictures() const;
};

// Runs many sequences through the model in one large batch. Beside pictures text tokens enter as their embedding rows, so that text and
// pictures of different sequences share a batch: a model larger than RAM is then read from disk once per batch. Where a picture's tokens
// look at those behind them (Gemma 3), pictures and texts take turns instead.
struct EvaluatorState {
    Model                     model;
    Abort                     abort = std::make_shared<std::atomic<bool>>(false);
    ImportanceSums            importance_sums;
    std::unique_ptr<GramSums> gram_sums;
    std::unique_ptr<Tap>      tap;
    EmbeddingTable            embeddings;
    ContextOptions            options;
    std::unique_ptr<Context>  context;
    // a run uses the whole context: one at a time
    std::mutex running;

    EvaluatorState(const Model & model, ContextOptions context_options, const TapOptions & tap_options);

    Outcome run(Request request, const Emitter & emitter);
    void    run_rows(const RowsRequest & request);
    // Both throw Failure BUSY while something runs.
    std::map<std::string, Importance> importance();
    void                              restore(std::map<std::string, Importance> entries);
    // What was gathered, for as long as nothing runs. Throws Failure NO_TAP as well.
    struct HeldGrams {
        std::unique_lock<std::mutex> lock;
        GramSums &                   sums;
    };
    HeldGrams grams();

  private:
    std::unique_lock<std::mutex> idle();
    InputSums &                  sums();
    std::vector<int32_t>         wanted_tokens(const std::vector<Span> & logits, const std::vector<PreparedSequence> & sequences) const;
    std::vector<Round>           rounds(const std::vector<PreparedSequence> & sequences) const;
    Batch                        fill(const Round & round, Outcome & outcome);
    void                         require_room(int64_t tokens, size_t sequences) const;
    void                         decode(Batch & batch, bool causal);
    void run_tapped(const std::vector<Round> & rounds, const Request & request, Outcome & outcome, const Emitter & emitter);
    void run_for_logits(const std::vector<Round> & rounds, const std::vector<int32_t> & wanted, Outcome & outcome, const Emitter & emitter);
};

} // namespace snug
