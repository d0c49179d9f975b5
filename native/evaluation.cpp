#include "evaluation.h"

#include "mtmd-helper.h"

#include <algorithm>
#include <cstring>

namespace snug {

EvaluatorState::EvaluatorState(const Model & model, ContextOptions context_options, const TapOptions & tap_options) :
    model(model), embeddings(model->paths, model->embedding_length()), options(context_options) {
    if (tap_options.gathers == Gathers::grams) {
        gram_sums = std::make_unique<GramSums>(options.threads);
        tap       = std::make_unique<Tap>(tap_options.layers, *gram_sums);
    } else if (tap_options.gathers == Gathers::importance) {
        tap = std::make_unique<Tap>(TappedLayers{ 0, llama_model_n_layer(model->model.get()) - 1 }, importance_sums);
    }
    if (tap) {
        options.observe      = Tap::observe;
        options.observe_data = tap.get();
    }
    context = std::make_unique<Context>(model, options, abort);
    if (gram_sums) {
        gram_sums->use(context->threadpool());
    }
}

int32_t Round::token_count() const {
    int32_t tokens = 0;
    for (const auto & part : parts) {
        tokens += part.piece->token_count();
    }
    return tokens;
}

bool Round::has_pictures() const {
    return std::any_of(parts.begin(), parts.end(), [](const Part & part) { return part.piece->image; });
}

// The pieces in the order of the sequences: all at once, or texts and pictures by turns.
std::vector<Round> EvaluatorState::rounds(const std::vector<PreparedSequence> & sequences) const {
    std::vector<std::vector<Part>> parts(sequences.size());
    const mtmd_input_chunk *       picture = nullptr;
    int32_t                        first   = 0;
    for (size_t sequence = 0; sequence < sequences.size(); ++sequence) {
        llama_pos position = 0;
        for (const auto & piece : sequences[sequence].pieces) {
            parts[sequence].push_back({ static_cast<llama_seq_id>(sequence), &piece, position, first });
            picture = piece.image ? piece.image : picture;
            first += piece.token_count();
            position += piece.position_count();
        }
    }
    if (!picture || !mtmd_decode_use_non_causal(model->vision.get(), picture)) {
        Round all;
        for (const auto & of_sequence : parts) {
            all.parts.insert(all.parts.end(), of_sequence.begin(), of_sequence.end());
        }
        return { all };
    }
    std::vector<Round>  rounds;
    std::vector<size_t> done(parts.size(), 0);
    for (bool pictures = false, left = true; left; pictures = !pictures) {
        Round round{ {}, !pictures };
        left = false;
        for (size_t sequence = 0; sequence < parts.size(); ++sequence) {
            size_t & next = done[sequence];
            if (next < parts[sequence].size() && (parts[sequence][next].piece->image != nullptr) == pictures) {
                round.parts.push_back(parts[sequence][next++]);
            }
            left = left || next < parts[sequence].size();
        }
        if (!round.parts.empty()) {
            rounds.push_back(std::move(round));
        }
    }
    return rounds;
}

namespace {

int32_t count_tokens(const std::vector<Round> & rounds) {
    int32_t tokens = 0;
    for (const auto & round : rounds) {
        tokens += round.token_count();
    }
    return tokens;
}

// for each token of the round what `values` has for it among all tokens of the run; nothing where they are nothing
template <class Value> std::vector<Value> of_round(const Round & round, const std::vector<Value> & values) {
    std::vector<Value> chosen;
    for (const auto & part : round.parts) {
        if (values.empty()) {
            break;
        }
        const auto begin = values.begin() + part.first;
        chosen.insert(chosen.end(), begin, begin + part.piece->token_count());
    }
    return chosen;
}

} // namespace

Batch EvaluatorState::fill(const Round & round, Outcome & outcome) {
    const bool mrope = model->uses_mrope();
    auto       batch = round.has_pictures() ? Batch::of_embeddings(round.token_count(), model->input_length(), mrope ? 4 : 1)
                                            : Batch::of_tokens(round.token_count());
    int32_t    token = 0;
    for (const auto & [sequence, piece, position, first] : round.parts) {
        throw_if_aborted(abort);
        const int32_t count = piece->token_count();
        const auto    at    = positions_of(*piece, position, mrope);
        if (piece->image) {
            const auto rows = model->encode(piece->image);
            std::memcpy(batch.row(token), rows.data(), rows.size() * sizeof(float));
            outcome.image_tokens += count;
        }
        for (int32_t i = 0; i < count; ++i) {
            if (!piece->image && batch.has_embeddings()) {
                embeddings.read(piece->tokens[i], batch.row(token + i));
            } else if (!piece->image) {
                batch.set(token + i, piece->tokens[i]);
            }
            batch.place(token + i, sequence, at[i]);
        }
        token += count;
    }
    outcome.tokens += token;
    return batch;
}

void EvaluatorState::decode(Batch & batch, bool causal) {
    LogMark log;
    llama_set_causal_attn(context->get(), causal);
    const int32_t status = llama_decode(context->get(), batch.view());
    llama_set_causal_attn(context->get(), true);
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

void EvaluatorState::run_tapped(const std::vector<Round> & rounds, const Request & request, Outcome & outcome, const Emitter & emitter) {
    const auto    file       = request.slots.empty() ? nullptr : std::make_shared<File>(request.sample_path, File::Mode::write);
    const int64_t width      = model->embedding_length();
    const auto    projection = file && request.sample_dimensions < width
                                   ? std::make_shared<const Projection>(width, request.sample_dimensions, request.sample_seed)
                                   : nullptr;
    for (size_t i = 0; i < rounds.size(); ++i) {
        auto batch = fill(rounds[i], outcome);
        // every token is an output, or llama.cpp drops the last layer's other rows before its feed-forward part
        for (int32_t token = 0; token < batch.size(); ++token) {
            batch.want_output(token);
        }
        tap->sample_into(file, of_round(rounds[i], request.slots), request.slots_per_layer, projection);
        sums().begin(of_round(rounds[i], request.weights));
        decode(batch, rounds[i].causal);
        emitter.progress(static_cast<double>(i + 1), static_cast<double>(rounds.size()));
    }
}

void EvaluatorState::run_for_logits(const std::vector<Round> & rounds, const std::vector<int32_t> & wanted, Outcome & outcome,
                                    const Emitter & emitter) {
    const size_t width = model->vocabulary_size();
    // for each token of the run its row, or -1
    std::vector<int32_t> rows(count_tokens(rounds), -1);
    for (size_t row = 0; row < wanted.size(); ++row) {
        rows[wanted[row]] = static_cast<int32_t>(row);
    }
    outcome.logits.resize(wanted.size() * width);
    for (size_t i = 0; i < rounds.size(); ++i) {
        auto       batch    = fill(rounds[i], outcome);
        const auto of_batch = of_round(rounds[i], rows);
        for (int32_t token = 0; token < batch.size(); ++token) {
            if (of_batch[token] >= 0) {
                batch.want_output(token);
            }
        }
        decode(batch, rounds[i].causal);
        for (int32_t token = 0; token < batch.size(); ++token) {
            if (of_batch[token] >= 0) {
                const float * row = llama_get_logits_ith(context->get(), token);
                std::copy(row, row + width, outcome.logits.begin() + of_batch[token] * width);
            }
        }
        emitter.progress(static_cast<double>(i + 1), static_cast<double>(rounds.size()));
    }
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
    return importance_sums.importance;
}

void EvaluatorState::restore(std::map<std::string, Importance> entries) {
    const auto lock = idle();
    if (!tap || gram_sums) {
        throw Failure(Code::NO_TAP, "this evaluator has no tap for importance");
    }
    for (auto & [name, entry] : entries) {
        importance_sums.importance[name] = std::move(entry);
    }
}

EvaluatorState::HeldGrams EvaluatorState::grams() {
    auto lock = idle();
    if (!gram_sums) {
        throw Failure(Code::NO_TAP, "this evaluator has no tap for grams");
    }
    return { std::move(lock), *gram_sums };
}

InputSums & EvaluatorState::sums() { return gram_sums ? static_cast<InputSums &>(*gram_sums) : importance_sums; }

void EvaluatorState::require_room(int64_t tokens, size_t sequences) const {
    if (tokens == 0 || tokens > options.batch_tokens || sequences > options.sequences) {
        throw Failure(Code::BATCH_SIZE, std::to_string(tokens) + " tokens in " + std::to_string(sequences) +
                                            " sequences do not fit a batch of " + std::to_string(options.batch_tokens) + " tokens and " +
                                            std::to_string(options.sequences) + " sequences");
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
    require_room(count, sequences.size());
    if (tap && !request.slots.empty() && request.slots.size() != static_cast<size_t>(count)) {
        throw Failure(Code::BATCH_SIZE,
                      "sampleSlots has " + std::to_string(request.slots.size()) + " entries for " + std::to_string(count) + " tokens");
    }
    if (!request.weights.empty() && request.weights.size() != static_cast<size_t>(count)) {
        throw Failure(Code::BATCH_SIZE,
                      "weights has " + std::to_string(request.weights.size()) + " entries for " + std::to_string(count) + " tokens");
    }
    Outcome    outcome;
    const auto planned = rounds(sequences);
    llama_memory_clear(llama_get_memory(context->get()), true);
    if (tap) {
        run_tapped(planned, request, outcome, emitter);
    } else {
        run_for_logits(planned, wanted_tokens(request.logits, sequences), outcome, emitter);
    }
    return outcome;
}

} // namespace snug
