#include "evaluation.h"

#include "mtmd-helper.h"

#include <cstring>

namespace snug {

EvaluatorState::EvaluatorState(const Model & model, ContextOptions context_options, bool with_tap) :
    model(model), embeddings(model->path, model->embedding_length()), options(context_options) {
    if (with_tap) {
        tap                  = std::make_unique<Tap>(llama_model_n_layer(model->model.get()));
        options.observe      = Tap::observe;
        options.observe_data = tap.get();
    }
    context = std::make_unique<Context>(model, options, abort);
}

void EvaluatorState::fill(EmbeddingBatch & batch, const std::vector<PreparedSequence> & sequences, Outcome & outcome,
                          const Emitter & emitter) {
    const bool mrope = model->uses_mrope();
    int32_t    token = 0;
    for (size_t sequence = 0; sequence < sequences.size(); ++sequence) {
        llama_pos position = 0;
        for (const auto & piece : sequences[sequence].pieces) {
            throw_if_aborted(abort);
            const int32_t                 count = piece.token_count();
            std::vector<mtmd_decoder_pos> at(count);
            if (piece.image) {
                if (mtmd_decode_use_non_causal(model->vision.get(), piece.image)) {
                    throw Failure(Code::UNSUPPORTED, "calibration of models with non-causal pictures is not supported");
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
        if (const auto failure = tap->take_failure()) {
            throw *failure;
        }
    }
    if (status != 0) {
        throw Failure(Code::COMPUTE_FAILED, "llama.cpp could not run the batch (" + std::to_string(status) + "): " + log.reasons());
    }
}

// positions in the batch
std::vector<int32_t> EvaluatorState::wanted_tokens(const std::vector<Span> &             logits,
                                                   const std::vector<PreparedSequence> & sequences) const {
    std::vector<int32_t> wanted;
    int32_t              first = 0;
    for (size_t i = 0; i < sequences.size(); ++i) {
        const auto    span  = logits[i];
        const int32_t count = sequences[i].token_count();
        if (span.first < 0 || span.first > count - span.count || wanted.size() + span.count > options.outputs) {
            throw Failure(Code::BATCH_SIZE, "logits of " + std::to_string(span.count) + " tokens from " + std::to_string(span.first) +
                                                " on were asked for, outside the sequence of " + std::to_string(count) +
                                                " tokens or above the limit of " + std::to_string(options.outputs));
        }
        for (int32_t j = 0; j < span.count; ++j) {
            wanted.push_back(first + span.first + j);
        }
        first += count;
    }
    return wanted;
}

// every token is an output, or llama.cpp drops the last layer's other rows before its feed-forward part
void EvaluatorState::want_all(EmbeddingBatch & batch, Request & request, int32_t tokens) {
    for (int32_t i = 0; i < tokens; ++i) {
        batch.want_output(i);
    }
    if (!request.slots.empty() && request.slots.size() != static_cast<size_t>(tokens)) {
        throw Failure(Code::BATCH_SIZE,
                      "sampleSlots has " + std::to_string(request.slots.size()) + " entries for " + std::to_string(tokens) + " tokens");
    }
    auto file = request.slots.empty() ? nullptr : std::make_shared<File>(request.sample_path, File::Mode::write);
    tap->sample_into(file, std::move(request.slots), request.slots_per_layer);
}

std::unique_lock<std::mutex> EvaluatorState::idle() {
    std::unique_lock<std::mutex> lock(running, std::try_to_lock);
    if (!lock) {
        throw Failure(Code::BUSY, "the evaluator is running");
    }
    return lock;
}

std::map<std::string, Importance> EvaluatorState::importance() {
    const auto lock = idle();
    return tap ? tap->importance : std::map<std::string, Importance>{};
}

void EvaluatorState::restore(std::map<std::string, Importance> entries) {
    const auto lock = idle();
    if (!tap) {
        throw Failure(Code::NO_TAP, "this evaluator has no tap");
    }
    for (auto & [name, entry] : entries) {
        tap->importance[name] = std::move(entry);
    }
}

Outcome EvaluatorState::run(Request request, const Emitter & emitter) {
    std::lock_guard<std::mutex>   lock(running);
    std::vector<PreparedSequence> sequences;
    int64_t                       count = 0;
    for (auto & sequence : request.sequences) {
        sequences.emplace_back(*model, std::move(sequence));
        count += sequences.back().token_count();
    }
    if (count == 0 || count > options.batch_tokens || sequences.size() > options.sequences) {
        throw Failure(Code::BATCH_SIZE, std::to_string(count) + " tokens in " + std::to_string(sequences.size()) +
                                            " sequences do not fit a batch of " + std::to_string(options.batch_tokens) + " tokens and " +
                                            std::to_string(options.sequences) + " sequences");
    }
    Outcome        outcome;
    const auto     tokens = static_cast<int32_t>(count);
    EmbeddingBatch batch(tokens, model->embedding_length(), model->uses_mrope() ? 4 : 1);
    fill(batch, sequences, outcome, emitter);

    std::vector<int32_t> wanted;
    if (tap) {
        want_all(batch, request, tokens);
    } else {
        wanted = wanted_tokens(request.logits, sequences);
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

} // namespace snug
