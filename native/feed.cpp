// Error-fed rounding (GPTQ, arXiv 2210.17323, around ggml's quantizers and their importance): the error of a group of columns is made good
// by the columns that follow, as far as what reaches them goes together. Where that is no better on held-out inputs, the tensor has the
// plain blocks, which are llama-quantize's.
#include "abort_flag.h"
#include "addon.h"
#include "arguments.h"
#include "feed_choice.h"
#include "guard.h"

#include <algorithm>
#include <limits>

namespace snug {

namespace {

// Rows a thread holds at a time: the factor, which all of them are multiplied with, is read once for so many.
constexpr int64_t SLAB_ROWS = 192;
// One try of a way to feed errors counts as this share of the rows.
constexpr int64_t TRIES_PER_TENSOR  = 64;
constexpr int64_t MOST_GRAM_COLUMNS = 8192;
constexpr int64_t MOST_BLOCKS       = 4096;

Feed read_feed(const Napi::Object & options) {
    Feed feed;
    feed.name          = read_string(options, "name");
    feed.gram_path     = read_string(options, "gramPath");
    feed.held_out_path = read_string(options, "heldOutPath");
    feed.dampings      = read_float32_array(options.Get("dampings"), "dampings");
    feed.seed          = read_seed(options);
    const auto blocks  = read_array(options.Get("blocks"), "blocks");
    if (blocks.Length() < 1 || blocks.Length() > MOST_BLOCKS) {
        throw wrong(options.Env(), "blocks", "from 1 to " + std::to_string(MOST_BLOCKS));
    }
    for (uint32_t i = 0; i < blocks.Length(); ++i) {
        feed.blocks.push_back(read_whole(blocks.Get(i), "a block", 1, MOST_GRAM_COLUMNS));
    }
    for (const float damping : feed.dampings) {
        if (!(damping >= 0 && damping <= 1)) {
            throw wrong(options.Env(), "dampings", "from 0 to 1");
        }
    }
    return feed;
}

void check_feed(const QuantizeTask & task, const Feed & feed) {
    int64_t columns = 0;
    for (const int64_t block : feed.blocks) {
        columns += block;
        if (block % Panels::WIDTH != 0 || block % ggml_blck_size(task.target_type) != 0) {
            throw Failure(Code::QUANTIZE, "a block of " + std::to_string(block) + " columns does not divide into those of the type");
        }
    }
    if (columns != task.columns) {
        throw Failure(Code::QUANTIZE,
                      "the sums are of " + std::to_string(columns) + " columns, the tensor has " + std::to_string(task.columns));
    }
    if (task.rows_per_matrix != task.rows) {
        throw Failure(Code::QUANTIZE, "errors are fed through one matrix, not through " + std::to_string(task.rows / task.rows_per_matrix));
    }
}

void work_on(const QuantizeTask & task, const FeedChoice & choice, const File & source, const File & target, Slabs & slabs) {
    const size_t         target_row = ggml_row_size(task.target_type, task.columns);
    std::vector<uint8_t> packed;
    std::vector<float>   values(task.columns * slabs.largest());
    std::vector<uint8_t> blocks(target_row * slabs.largest());
    FedRows              scratch;
    int64_t              first = 0, count = 0;
    while (slabs.next(first, count)) {
        read_rows(task, source, first, count, packed, values.data());
        for (const auto & part : choice.parts) {
            feed_through(task, part, choice.importance.data(), values.data(), count, blocks.data(), scratch);
        }
        check_blocks(task, blocks.data(), count * target_row);
        target.write_at(blocks.data(), count * target_row, first * target_row);
        slabs.finished(count);
    }
}

FeedChoice quantize_fed(const QuantizeTask & task, const Feed & feed, const Abort & abort, const Emitter & emitter) {
    check(task);
    check_feed(task, feed);
    File source(task.source_path, File::Mode::read);
    source.require(ggml_row_size(task.source_type, task.columns) * task.rows, task.source_offset);
    const int64_t step = std::max<int64_t>(1, task.rows / TRIES_PER_TENSOR), before = step * most_tries(feed);
    int64_t       tried  = 0;
    const auto    choice = choose_feed(
        task, feed, source, abort, [&] { emitter.progress(static_cast<double>(step * tried++), static_cast<double>(before + task.rows)); });
    if (choice.parts.empty()) {
        quantize(task, abort, emitter, before);
        return choice;
    }
    File  target(task.target_path, File::Mode::write);
    Slabs slabs(task, abort, emitter, SLAB_ROWS, before);
    slabs.run(task.threads, [&] { work_on(task, choice, source, target, slabs); });
    return choice;
}

Napi::Value described(Napi::Env env, const FeedChoice & choice) {
    auto result = Napi::Object::New(env);
    auto parts  = Napi::Array::New(env, choice.chosen.size());
    for (uint32_t i = 0; i < choice.chosen.size(); ++i) {
        const auto & chosen = choice.chosen[i];
        auto         part   = Napi::Object::New(env);
        part.Set("damping", chosen.damping);
        part.Set("order", chosen.order == Order::natural ? "natural" : "by-trace");
        part.Set("within", chosen.within);
        parts.Set(i, part);
    }
    result.Set("rounding", choice.parts.empty() ? "plain" : "fed");
    result.Set("plainError", choice.plain_error);
    result.Set("fedError", choice.fed_error);
    result.Set("sampledRows", static_cast<double>(choice.sampled_rows));
    result.Set("parts", parts);
    return result;
}

Napi::Value quantize_fed_tensor(const Napi::CallbackInfo & info) {
    const auto options = read_object(info[0], "the task");
    auto       task    = std::make_shared<QuantizeTask>(read_quantize_task(options));
    auto       feed    = std::make_shared<Feed>(read_feed(read_object(options.Get("feed"), "feed")));
    auto       choice  = std::make_shared<FeedChoice>();
    const auto abort   = AbortFlag::from(info[1]);
    return run_async(
        info.Env(), info[2], [=](const Emitter & emitter) { *choice = quantize_fed(*task, *feed, abort, emitter); },
        [=](Napi::Env env) { return described(env, *choice); });
}

// recode(type, bytes, count) → bytes: the blocks with their codes thrown away and chosen again for what the blocks stood for, to test that
// the codes of a type are known. Undefined for a type whose codes are not chosen anew.
Napi::Value recode(const Napi::CallbackInfo & info) {
    auto       env   = info.Env();
    const auto type  = read_tensor_type(info[0], "the type");
    auto       bytes = read_bytes(info[1], "the bytes");
    const auto count = read_whole(info[2], "the count", 1, std::numeric_limits<int32_t>::max());
    const auto codes = Codes::of(type);
    if (!codes) {
        return env.Undefined();
    }
    if (count % Factor::SEGMENT != 0 || ggml_row_size(type, count) != bytes.size()) {
        throw Napi::TypeError::New(env, "these are no whole segments of blocks");
    }
    std::vector<float> identity(Factor::SEGMENT * Factor::SEGMENT, 0), values(count);
    for (int64_t i = 0; i < Factor::SEGMENT; ++i) {
        identity[i * Factor::SEGMENT + i] = 1;
    }
    to_floats(type, bytes.data(), values.data(), count);
    CodeScratch scratch;
    for (int64_t at = 0; at < count; at += Factor::SEGMENT) {
        auto * blocks = bytes.data() + ggml_row_size(type, at);
        codes->clear(blocks, Factor::SEGMENT);
        codes->choose(values.data() + at, identity.data(), Factor::SEGMENT, blocks, scratch);
    }
    return Napi::Buffer<uint8_t>::Copy(env, bytes.data(), bytes.size());
}

} // namespace

void define_feed(Napi::Env env, Napi::Object exports) {
    define_function<quantize_fed_tensor>(env, exports, "quantizeFed");
    define_function<recode>(env, exports, "recode");
}

} // namespace snug
