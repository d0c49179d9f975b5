#include "embedding_batch.h"

#include "support.h"
#include "types.h"

#include "ggml-cpp.h"
#include "gguf.h"
#include "mtmd-helper.h"

#include <cstring>

namespace snug {

EmbeddingTable::Place EmbeddingTable::find(const std::vector<std::string> & paths) {
    constexpr const char * NAME = "token_embd.weight";
    for (const auto & path : paths) {
        gguf_context_ptr header(gguf_init_from_file(path.c_str(), { /*no_alloc*/ true, /*ctx*/ nullptr }));
        const int64_t    id = header ? gguf_find_tensor(header.get(), NAME) : -1;
        if (id >= 0) {
            return { path, gguf_get_tensor_type(header.get(), id),
                     gguf_get_data_offset(header.get()) + gguf_get_tensor_offset(header.get(), id) };
        }
    }
    throw Failure(Code::MODEL_LOAD, paths.front() + " has no " + NAME);
}

EmbeddingTable::EmbeddingTable(const std::vector<std::string> & paths, int64_t length) : EmbeddingTable(find(paths), length) {}

EmbeddingTable::EmbeddingTable(const Place & place, int64_t length) :
    file(place.path, File::Mode::read), length(length), type(place.type), offset(place.offset) {
    if (!can_be_read(type) || length % ggml_blck_size(type) != 0) {
        throw Failure(Code::MODEL_LOAD, std::string("the token embeddings cannot be read as ") + ggml_type_name(type));
    }
    row_bytes = ggml_row_size(type, length);
}

void EmbeddingTable::read(llama_token token, float * row) {
    buffer.resize(row_bytes);
    file.read_at(buffer.data(), row_bytes, offset + static_cast<uint64_t>(token) * row_bytes);
    if (type == GGML_TYPE_F32) {
        std::memcpy(row, buffer.data(), row_bytes);
    } else {
        ggml_get_type_traits(type)->to_float(buffer.data(), row, length);
    }
}

std::vector<mtmd_decoder_pos> positions_of(const Piece & piece, llama_pos first, bool mrope) {
    std::vector<mtmd_decoder_pos> at(piece.token_count());
    if (piece.image && mrope) {
        mtmd_helper_image_get_decoder_pos(mtmd_input_chunk_get_tokens_image(piece.image), first, at.data());
        return at;
    }
    for (auto & position : at) {
        const auto here = static_cast<uint32_t>(first++);
        position        = { here, here, here, 0 };
    }
    return at;
}

Batch::Batch(int32_t tokens, int32_t input_length, int planes) :
    planes(planes), ids(tokens), embeddings(static_cast<size_t>(tokens) * input_length), positions(static_cast<size_t>(tokens) * planes),
    sequence_ids(tokens), sequence_id_pointers(tokens), sequence_id_counts(tokens, 1), outputs(tokens, 0), tokens(tokens),
    input_length(input_length) {}

void Batch::place(int32_t token, llama_seq_id sequence, const mtmd_decoder_pos & at) {
    const llama_pos values[] = { static_cast<llama_pos>(at.t), static_cast<llama_pos>(at.y), static_cast<llama_pos>(at.x),
                                 static_cast<llama_pos>(at.z) };
    for (int plane = 0; plane < planes; ++plane) {
        positions[static_cast<size_t>(plane) * tokens + token] = values[plane];
    }
    sequence_ids[token] = sequence;
}

llama_batch Batch::view() {
    for (int32_t i = 0; i < tokens; ++i) {
        sequence_id_pointers[i] = &sequence_ids[i];
    }
    return { tokens,
             has_embeddings() ? nullptr : ids.data(),
             has_embeddings() ? embeddings.data() : nullptr,
             positions.data(),
             sequence_id_counts.data(),
             sequence_id_pointers.data(),
             outputs.data() };
}

} // namespace snug
