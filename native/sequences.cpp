// Text and pictures to tokens: what the chat, the calibration and the token counts share.
#include "sequences.h"

#include "arguments.h"
#include "model.h"
#include "prompt_text.h"
#include "vision_counting.h"

#include <algorithm>

namespace snug {

namespace {

// Above any picture that an app sends. llama.cpp counts sides, pixels and bytes in an int.
constexpr int64_t LONGEST_SIDE = 1 << 16;
constexpr int64_t MOST_PIXELS  = 1 << 28;
// Times as long as wide, of a picture that is cut into squares.
constexpr uint32_t NARROWEST_CUT = 256;

Image read_image(const Napi::Object & object, Pictures pictures) {
    const auto size = read_picture_size(object);
    Image      image{ size.width, size.height, {}, read_string(object, "id", "") };
    if (pictures == Pictures::with_pixels_and_id && image.id.empty()) {
        throw wrong(object.Env(), "image.id", "a name: pictures without one are the same to the cache");
    }
    auto data = object.Get("data");
    if (!data.IsUndefined()) {
        image.rgb = read_bytes(data, "image.data");
        if (image.rgb.size() != size_t(image.width) * image.height * 3) {
            throw wrong(object.Env(), "image.data", "width × height × 3 bytes of RGB");
        }
    } else if (pictures != Pictures::may_be_counted) {
        throw wrong(object.Env(), "image.data", "width × height × 3 bytes of RGB: a picture without can only be counted");
    }
    return image;
}

Failure markers_differ() { return { Code::TOKENIZE, "the number of pictures differs from the number of picture markers in the text" }; }

} // namespace

PictureSize read_picture_size(const Napi::Object & object) {
    const PictureSize size{ read_integer<uint32_t>(object, "width", 1, LONGEST_SIDE),
                            read_integer<uint32_t>(object, "height", 1, LONGEST_SIDE) };
    if (int64_t(size.width) * size.height > MOST_PIXELS) {
        throw wrong(object.Env(), "width × height", "at most " + std::to_string(MOST_PIXELS));
    }
    return size;
}

Sequence read_sequence(const Napi::Value & value, Pictures pictures) {
    const auto object = read_object(value, "the sequence");
    Sequence   sequence;
    const auto text = object.Get("text"), tokens = object.Get("tokens"), images = object.Get("images");
    sequence.text        = text.IsUndefined() ? "" : read_text(text, "text");
    sequence.add_special = read_bool(object, "addSpecial", true);
    if (!tokens.IsUndefined()) {
        sequence.tokens = read_int32_array(tokens, "tokens");
    }
    if (!images.IsUndefined()) {
        const auto array = read_array(images, "images");
        for (uint32_t i = 0; i < array.Length(); ++i) {
            sequence.images.push_back(read_image(read_object(array.Get(i), "an image"), pictures));
        }
    }
    return sequence;
}

int32_t Piece::token_count() const { return static_cast<int32_t>(image ? mtmd_input_chunk_get_n_tokens(image) : tokens.size()); }

llama_pos Piece::position_count() const { return image ? mtmd_input_chunk_get_n_pos(image) : static_cast<llama_pos>(tokens.size()); }

PreparedSequence::PreparedSequence(const ModelState & model, Sequence sequence) {
    if (!model.vision && !sequence.images.empty()) {
        throw Failure(Code::CANNOT_SEE, "this model has no vision encoder, so it cannot take pictures");
    }
    if (!sequence.tokens.empty()) {
        for (const llama_token token : sequence.tokens) {
            if (token < 0 || token >= model.vocabulary_size()) {
                throw Failure(Code::TOKENIZE, "the vocabulary has no token " + std::to_string(token));
            }
        }
        add_tokens(std::move(sequence.tokens));
        return;
    }
    const std::string marker = model.vision ? mtmd_default_marker() : "";
    size_t            from = 0, seen = 0;
    for (size_t at = 0; !marker.empty() && (at = sequence.text.find(marker, from)) != std::string::npos; from = at + marker.size()) {
        add_text(model, sequence.text.substr(from, at - from));
        if (seen == sequence.images.size()) {
            throw markers_differ();
        }
        add_image(model, sequence.images[seen++]);
    }
    if (seen != sequence.images.size()) {
        throw markers_differ();
    }
    add_text(model, sequence.text.substr(from));
    if (sequence.add_special) {
        begin(model.vocab());
    }
}

void PreparedSequence::add_tokens(std::vector<llama_token> tokens) {
    if (tokens.empty()) {
        return;
    }
    if (pieces.empty() || pieces.back().image) {
        pieces.emplace_back();
    }
    auto & last = pieces.back().tokens;
    last.insert(last.end(), tokens.begin(), tokens.end());
}

void PreparedSequence::add_text(const ModelState & model, const std::string & text) { add_tokens(tokenize_prompt(model, text)); }

// a picture's tokens, and the text that its encoder wants around and between them
void PreparedSequence::add_image(const ModelState & model, const Image & image) {
    mtmd::bitmap bitmap(image.width, image.height, image.rgb.empty() ? nullptr : image.rgb.data());
    bitmap.set_id(image.id.c_str());
    // the sides of what it is cut into come out as nothing, on which llama.cpp ends the process
    if (cuts_pictures(model.vision.get()) && std::max(image.width, image.height) / std::min(image.width, image.height) >= NARROWEST_CUT) {
        throw Failure(Code::PICTURE, "the picture is too long and narrow");
    }
    const mtmd_input_part   part{ nullptr, bitmap.ptr.get() };
    const mtmd_input_part * parts = &part;
    chunks.emplace_back(mtmd_input_chunks_init());
    LogMark log;
    if (mtmd_tokenize_from_parts(model.vision.get(), chunks.back().get(), &parts, 1, false) != 0) {
        throw Failure(Code::PICTURE, "the picture could not be prepared: " + log.reasons());
    }
    bool begins = true;
    for (size_t i = 0; i < mtmd_input_chunks_size(chunks.back().get()); ++i) {
        const auto * chunk = mtmd_input_chunks_get(chunks.back().get(), i);
        switch (mtmd_input_chunk_get_type(chunk)) {
            case MTMD_INPUT_CHUNK_TYPE_TEXT: {
                size_t       count  = 0;
                const auto * tokens = mtmd_input_chunk_get_tokens_text(chunk, &count);
                // what llama.cpp looked for in the vocabulary and did not find
                if (std::any_of(tokens, tokens + count, [](llama_token token) { return token < 0; })) {
                    throw Failure(Code::UNSUPPORTED, "the model lacks tokens that belong between the parts of a picture");
                }
                add_tokens({ tokens, tokens + count });
                break;
            }
            case MTMD_INPUT_CHUNK_TYPE_IMAGE: {
                const char * id = mtmd_input_chunk_get_id(chunk);
                pieces.push_back({ chunk, id ? id : "", {}, begins });
                begins = false;
                break;
            }
            default: throw Failure(Code::UNSUPPORTED, "only text and pictures are supported");
        }
    }
}

// A template may write BOS itself.
void PreparedSequence::begin(const llama_vocab * vocab) {
    const llama_token bos = llama_vocab_bos(vocab);
    if (!llama_vocab_get_add_bos(vocab) || bos == LLAMA_TOKEN_NULL) {
        return;
    }
    if (pieces.empty() || pieces.front().image) {
        pieces.insert(pieces.begin(), Piece{});
    }
    auto & first = pieces.front().tokens;
    if (first.empty() || first.front() != bos) {
        first.insert(first.begin(), bos);
    }
}

int32_t PreparedSequence::token_count() const {
    int32_t total = 0;
    for (const auto & piece : pieces) {
        total += piece.token_count();
    }
    return total;
}

} // namespace snug
