#pragma once

#include "files.h"
#include "sequences.h"

#include "llama.h"
#include "mtmd.h"

#include "ggml.h"

#include <string>
#include <vector>

namespace snug {

// The token embedding matrix as it lies in the model file; rows are read as they are needed.
class EmbeddingTable {
  public:
    // of the model's files the one that holds it; length: values per row
    EmbeddingTable(const std::vector<std::string> & paths, int64_t length);
    // one token's row, as floats [length]
    void read(llama_token token, float * row);

  private:
    struct Place {
        std::string path;
        ggml_type   type;
        uint64_t    offset;
    };
    static Place find(const std::vector<std::string> & paths);
    EmbeddingTable(const Place & place, int64_t length);

    File                 file;
    int64_t              length;
    ggml_type            type;
    size_t               row_bytes;
    uint64_t             offset;
    std::vector<uint8_t> buffer;
};

// Where the tokens of a piece stand whose first token stands at `first`.
std::vector<mtmd_decoder_pos> positions_of(const Piece & piece, llama_pos first, bool mrope);

// A batch of tokens, or of embeddings with one position plane (four for M-RoPE: time, y, x, unused).
class Batch {
  public:
    static Batch of_tokens(int32_t tokens) { return Batch(tokens, 0, 1); }
    // rows begin as zeros [tokens × input_length]
    static Batch of_embeddings(int32_t tokens, int32_t input_length, int planes) { return Batch(tokens, input_length, planes); }

    bool    has_embeddings() const { return input_length > 0; }
    int32_t size() const { return tokens; }
    float * row(int32_t token) { return embeddings.data() + static_cast<size_t>(token) * input_length; }
    void    set(int32_t token, llama_token id) { ids[token] = id; }
    void    place(int32_t token, llama_seq_id sequence, const mtmd_decoder_pos & at);
    void    want_output(int32_t token) { outputs[token] = 1; }
    // valid as long as this batch
    llama_batch view();

  private:
    Batch(int32_t tokens, int32_t input_length, int planes);

    int                         planes;
    std::vector<llama_token>    ids;
    std::vector<float>          embeddings;
    std::vector<llama_pos>      positions;
    std::vector<llama_seq_id>   sequence_ids;
    std::vector<llama_seq_id *> sequence_id_pointers;
    std::vector<int32_t>        sequence_id_counts;
    std::vector<int8_t>         outputs;
    int32_t                     tokens;
    int32_t                     input_length;
};

} // namespace snug
