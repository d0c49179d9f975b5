#include "conversation.h"

#include "mtmd-helper.h"
#include "prompt_text.h"

#include <chrono>

namespace snug {

namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

llama_sampler_ptr make_sampler(const Sampling & sampling) {
    llama_sampler_ptr chain(llama_sampler_chain_init(llama_sampler_chain_default_params()));
    // smaller ones divide logits into infinities
    if (sampling.temperature < 1e-6f) {
        llama_sampler_chain_add(chain.get(), llama_sampler_init_greedy());
        return chain;
    }
    llama_sampler_chain_add(chain.get(), llama_sampler_init_top_k(sampling.top_k));
    llama_sampler_chain_add(chain.get(), llama_sampler_init_top_p(sampling.top_p, 1));
    llama_sampler_chain_add(chain.get(), llama_sampler_init_min_p(sampling.min_p, 1));
    llama_sampler_chain_add(chain.get(), llama_sampler_init_temp(sampling.temperature));
    llama_sampler_chain_add(chain.get(), llama_sampler_init_dist(sampling.seed));
    return chain;
}

} // namespace

llama_pos Conversation::position_after(size_t count) const {
    llama_pos position = 0;
    for (size_t i = 0; i < count; ++i) {
        position += cells[i].positions;
    }
    return position;
}

llama_pos Conversation::next_position() const { return position_after(cells.size()); }

int32_t Conversation::used_tokens() const {
    int32_t tokens = 0;
    for (const auto & cell : cells) {
        tokens += cell.tokens;
    }
    return tokens;
}

// forgets everything after the first `count` cells
void Conversation::keep(size_t count) {
    cells.resize(count);
    llama_memory_seq_rm(llama_get_memory(context.get()), 0, next_position(), -1);
}

void Conversation::fail_decode(int32_t status, const std::string & reasons) const {
    throw_if_aborted(abort);
    throw Failure(Code::COMPUTE_FAILED, "llama.cpp could not run the prompt (" + std::to_string(status) + "): " + reasons);
}

void Conversation::decode_text(const llama_token * tokens, int32_t count) {
    for (int32_t done = 0; done < count;) {
        throw_if_aborted(abort);
        const int32_t part    = std::min(count - done, static_cast<int32_t>(options.batch_tokens));
        auto          batch   = llama_batch_init(part, 0, 1);
        batch.n_tokens        = part;
        const llama_pos start = next_position();
        for (int32_t i = 0; i < part; ++i) {
            batch.token[i]     = tokens[done + i];
            batch.pos[i]       = start + i;
            batch.n_seq_id[i]  = 1;
            batch.seq_id[i][0] = 0;
            batch.logits[i]    = i == part - 1;
        }
        LogMark       log;
        const int32_t status = llama_decode(context.get(), batch);
        llama_batch_free(batch);
        if (status != 0) {
            keep(cells.size());
            fail_decode(status, log.reasons());
        }
        for (int32_t i = 0; i < part; ++i) {
            cells.push_back({ tokens[done + i], "", 1, 1 });
        }
        done += part;
    }
}

void Conversation::decode_image(const Piece & piece, PromptReport & report, const Emitter & emitter) {
    throw_if_aborted(abort);
    emitter.emit([done = used_tokens(), total = report.prompt_tokens](Napi::Env env) {
        auto event = Napi::Object::New(env);
        event.Set("done", static_cast<double>(done));
        event.Set("total", static_cast<double>(total));
        event.Set("encoding", true);
        return event;
    });
    auto start      = Clock::now();
    auto embeddings = model->encode(piece.image);
    report.encode_seconds += seconds_since(start);
    report.encoded_images += piece.begins_picture ? 1 : 0;
    emitter.progress(used_tokens(), report.prompt_tokens);
    throw_if_aborted(abort);
    llama_pos     after = 0;
    LogMark       log;
    const int32_t status =
        mtmd_helper_decode_image_chunk(model->vision.get(), context.get(), piece.image, embeddings.data(), next_position(), 0,
                                       static_cast<int32_t>(options.batch_tokens), &after, nullptr, nullptr);
    if (status != 0) {
        keep(cells.size());
        fail_decode(status, log.reasons());
    }
    cells.push_back({ LLAMA_TOKEN_NULL, piece.image_id, piece.position_count(), piece.token_count() });
}

// whether layers with a window still have all that a token behind the first `count` cells looks back on: what a window has left is
// overwritten in time
bool Conversation::remembers(size_t count) const {
    const llama_pos window = llama_model_n_swa(model->model.get());
    const llama_pos oldest = llama_memory_seq_pos_min(llama_get_memory(context.get()), 0);
    return window <= 0 || oldest <= std::max(0, position_after(count) - window + 1);
}

size_t Conversation::shared_with(const std::vector<Cell> & wanted) const {
    size_t shared = 0;
    while (shared < cells.size() && shared < wanted.size() && cells[shared] == wanted[shared]) {
        ++shared;
    }
    // the last token is run again even when all is cached: the first token of the answer is sampled from its logits
    shared = std::min(shared, wanted.size() - 1);
    return remembers(shared) ? shared : 0;
}

PromptReport Conversation::prompt(Sequence sequence, const Emitter & emitter) {
    std::lock_guard<std::mutex> lock(running);
    throw_if_aborted(abort);
    const PreparedSequence prepared(*model, std::move(sequence));
    PromptReport           report;
    report.prompt_tokens = prepared.token_count();
    if (report.prompt_tokens == 0) {
        throw Failure(Code::TOKENIZE, "the prompt is empty");
    }
    if (report.prompt_tokens >= options.context_tokens) {
        throw Failure(Code::CONTEXT_FULL, "the conversation needs " + std::to_string(static_cast<int64_t>(report.prompt_tokens)) +
                                              " tokens and the context holds " + std::to_string(options.context_tokens));
    }
    std::vector<Cell>          wanted;
    std::vector<const Piece *> image_of;
    for (const auto & piece : prepared.pieces) {
        if (piece.image) {
            wanted.push_back({ LLAMA_TOKEN_NULL, piece.image_id, piece.position_count(), piece.token_count() });
            image_of.push_back(&piece);
        } else {
            for (const llama_token token : piece.tokens) {
                wanted.push_back({ token, "", 1, 1 });
                image_of.push_back(nullptr);
            }
        }
    }
    turn_tokens.clear();
    for (const auto & cell : wanted) {
        if (cell.token != LLAMA_TOKEN_NULL && is_control(model->vocab(), cell.token)) {
            turn_tokens.insert(cell.token);
        }
    }
    const size_t shared = shared_with(wanted);
    keep(shared);
    report.reused_tokens = used_tokens();
    const auto start     = Clock::now();
    for (size_t next = shared; next < wanted.size();) {
        if (image_of[next]) {
            decode_image(*image_of[next], report, emitter);
            ++next;
            continue;
        }
        emitter.progress(used_tokens(), report.prompt_tokens);
        std::vector<llama_token> run;
        while (next < wanted.size() && !image_of[next] && run.size() < options.batch_tokens) {
            run.push_back(wanted[next++].token);
        }
        decode_text(run.data(), static_cast<int32_t>(run.size()));
    }
    emitter.progress(report.prompt_tokens, report.prompt_tokens);
    report.prompt_seconds = seconds_since(start) - report.encode_seconds;
    return report;
}

std::vector<float> Conversation::logits() {
    std::unique_lock<std::mutex> lock(running, std::try_to_lock);
    if (!lock) {
        throw Failure(Code::BUSY, "the chat is running");
    }
    const float * row = cells.empty() ? nullptr : llama_get_logits_ith(context.get(), -1);
    if (!row) {
        throw Failure(Code::NO_PROMPT, "there are no logits before a prompt");
    }
    return { row, row + model->vocabulary_size() };
}

AnswerReport Conversation::answer(const Sampling & sampling, const Emitter & emitter) {
    std::lock_guard<std::mutex> lock(running);
    if (cells.empty()) {
        throw Failure(Code::NO_PROMPT, "there is no prompt to answer");
    }
    AnswerReport report;
    auto         sampler = make_sampler(sampling);
    const auto   start   = Clock::now();
    report.reason        = "length";
    while (report.tokens < sampling.max_tokens) {
        if (is_aborted(abort)) {
            report.reason = "cancelled";
            break;
        }
        if (!sampling.ignore_end) {
            require_numbers(llama_get_logits_ith(context.get(), -1), static_cast<size_t>(model->vocabulary_size()),
                            "the model answers with values that are not numbers");
        }
        const llama_token token = llama_sampler_sample(sampler.get(), context.get(), -1);
        if (!sampling.ignore_end && (llama_vocab_is_eog(model->vocab(), token) || turn_tokens.count(token) != 0)) {
            report.reason = "end";
            break;
        }
        report.tokens += 1;
        emitter.emit([token, piece = model->piece(token)](Napi::Env env) {
            auto event = Napi::Object::New(env);
            event.Set("token", token);
            event.Set("bytes", Napi::Buffer<char>::Copy(env, piece.data(), piece.size()));
            return event;
        });
        if (used_tokens() + 1 >= static_cast<int32_t>(options.context_tokens)) {
            report.reason = "context";
            break;
        }
        try {
            decode_text(&token, 1);
        } catch (const Failure & failure) {
            if (failure.code != Code::CANCELLED) {
                throw;
            }
            report.reason = "cancelled";
            break;
        }
    }
    report.seconds = seconds_since(start);
    return report;
}

} // namespace snug
