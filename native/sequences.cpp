// Text and pictures to tokens: what the chat, the calibration and the token counts share.
#include "sequences.h"

#include "arguments.h"
#include "model.h"

namespace snug {

namespace {

// Above any picture that an app sends. llama.cpp counts sides, pixels and bytes in an int.
constexpr int64_t LONGEST_SIDE = 1 << 16;
constexpr int64_t MOST_PIXELS  = 1 << 28;

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

} // namespace

PictureSize read_picture_size(const Napi::Object & object) {
    const PictureSize size{ read_integer<uint32_t>(object, "width", 1, LONGEST_SIDE), read_integer<uint32_t>(object, "height", 1, LONGEST_SIDE) };
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

std::vector<llama_token> tokenize_text(const ModelState & model, const std::string & text, bool add_special, bool parse_special) {
    const auto               length = static_cast<int32_t>(text.size());
    std::vector<llama_token> tokens(text.size() + 2);
    int32_t count = llama_tokenize(model.vocab(), text.data(), length, tokens.data(), static_cast<int32_t>(tokens.size()), add_special, parse_special);
    if (count < 0) {
        tokens.resize(-count);
        count = llama_tokenize(model.vocab(), text.data(), length, tokens.data(), -count, add_special, parse_special);
    }
    tokens.resize(std::max(count, 0));
    return tokens;
}

int32_t Piece::token_count() const {
    return static_cast<int32_t>(image ? mtmd_input_chunk_get_n_tokens(image) : tokens.size());
}

llama_pos Piece::position_count() const {
    return image ? mtmd_input_chunk_get_n_pos(image) : static_cast<llama_pos>(tokens.size());
}

PreparedSequence::PreparedSequence(const ModelState & model, Sequence sequence) {
    if (!sequence.tokens.empty() || !model.vision) {
        if (!sequence.images.empty()) {
            throw Failure("CANNOT_SEE", "this model has no vision encoder, so it cannot take pictures");
        }
        Piece piece;
        piece.tokens = !sequence.tokens.empty() ? std::move(sequence.tokens) : tokenize_text(model, sequence.text, sequence.add_special, true);
        for (const llama_token token : piece.tokens) {
            if (token < 0 || token >= model.vocabulary_size()) {
                throw Failure("TOKENIZE", "the vocabulary has no token " + std::to_string(token));
            }
        }
        pieces.push_back(std::move(piece));
        return;
    }
    std::vector<const mtmd_bitmap *> pointers;
    for (const auto & image : sequence.images) {
        bitmaps.emplace_back(image.width, image.height, image.rgb.empty() ? nullptr : image.rgb.data());
        bitmaps.back().set_id(image.id.c_str());
        pointers.push_back(bitmaps.back().ptr.get());
    }
    chunks.reset(mtmd_input_chunks_init());
    const mtmd_input_text text{ sequence.text.c_str(), sequence.text.size(), sequence.add_special, true };
    LogMark log;
    const int32_t status = mtmd_tokenize(model.vision.get(), chunks.get(), &text, pointers.data(), pointers.size());
    if (status != 0) {
        throw Failure("TOKENIZE", status == 1 ? "the number of pictures differs from the number of picture markers in the text"
                                              : "the picture could not be prepared: " + log.reasons());
    }
    for (size_t i = 0; i < mtmd_input_chunks_size(chunks.get()); ++i) {
        const auto * chunk = mtmd_input_chunks_get(chunks.get(), i);
        Piece        piece;
        switch (mtmd_input_chunk_get_type(chunk)) {
            case MTMD_INPUT_CHUNK_TYPE_TEXT: {
                size_t       count  = 0;
                const auto * tokens = mtmd_input_chunk_get_tokens_text(chunk, &count);
                piece.tokens.assign(tokens, tokens + count);
                break;
            }
            case MTMD_INPUT_CHUNK_TYPE_IMAGE: {
                const char * id = mtmd_input_chunk_get_id(chunk);
                piece.image     = chunk;
                piece.image_id  = id ? id : "";
                break;
            }
            default: throw Failure("TOKENIZE", "only text and pictures are supported");
        }
        pieces.push_back(std::move(piece));
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
