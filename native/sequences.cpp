// Text and pictures to tokens: what the chat, the calibration and the token counts share.
#include "sequences.h"

#include "model.h"

namespace snug {

Sequence read_sequence(const Napi::Object & object) {
    Sequence sequence;
    sequence.text        = read_string(object, "text", "");
    sequence.add_special = read_bool(object, "addSpecial", true);
    if (auto tokens = object.Get("tokens"); tokens.IsTypedArray()) {
        auto array = tokens.As<Napi::Int32Array>();
        sequence.tokens.assign(array.Data(), array.Data() + array.ElementLength());
    }
    if (auto images = object.Get("images"); images.IsArray()) {
        auto array = images.As<Napi::Array>();
        for (uint32_t i = 0; i < array.Length(); ++i) {
            auto  entry = array.Get(i).As<Napi::Object>();
            Image image;
            image.width  = static_cast<uint32_t>(read_number(entry, "width"));
            image.height = static_cast<uint32_t>(read_number(entry, "height"));
            image.id     = read_string(entry, "id", "");
            if (auto data = entry.Get("data"); data.IsTypedArray()) {
                auto bytes = data.As<Napi::Uint8Array>();
                if (bytes.ElementLength() != size_t(image.width) * image.height * 3) {
                    throw Napi::TypeError::New(object.Env(), "image.data must hold width × height × 3 bytes of RGB");
                }
                image.rgb.assign(bytes.Data(), bytes.Data() + bytes.ElementLength());
            }
            sequence.images.push_back(std::move(image));
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
