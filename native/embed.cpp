// What goes into a model's first layer, written to a file: rows of the token embeddings, and pictures through the encoder.
#include "abort_flag.h"
#include "addon.h"
#include "arguments.h"
#include "embedding_batch.h"
#include "guard.h"
#include "model.h"

#include <limits>

namespace snug {

namespace {

constexpr int64_t MOST_ROWS = std::numeric_limits<int32_t>::max();

struct EmbedTask {
    std::vector<Sequence> sequences;
    std::string           path;  // takes [tokens × embedding] floats
    uint64_t              first; // row of the first token
};

std::vector<float> rows_of(ModelState & model, EmbeddingTable & table, const Piece & piece) {
    if (piece.image) {
        return model.encode(piece.image);
    }
    const auto         length = model.embedding_length();
    std::vector<float> rows(piece.tokens.size() * length);
    for (size_t i = 0; i < piece.tokens.size(); ++i) {
        table.read(piece.tokens[i], rows.data() + i * length);
    }
    return rows;
}

// Returns where each token stands [tokens × 4]: time, y, x, unused.
std::vector<int32_t> embed(ModelState & model, EmbedTask task, const Abort & abort) {
    const int32_t length = model.embedding_length();
    if (model.input_length() != length) {
        throw Failure(Code::UNSUPPORTED, "layers behind the first take something of a picture as well");
    }
    EmbeddingTable       table(model.paths, length);
    const File           file(task.path, File::Mode::write);
    const size_t         row_bytes = length * sizeof(float);
    uint64_t             row       = task.first;
    std::vector<int32_t> positions;
    for (auto & sequence : task.sequences) {
        const PreparedSequence prepared(model, std::move(sequence));
        llama_pos              position = 0;
        for (const auto & piece : prepared.pieces) {
            throw_if_aborted(abort);
            const auto rows = rows_of(model, table, piece);
            file.write_at(rows.data(), rows.size() * sizeof(float), row * row_bytes);
            for (const auto & at : positions_of(piece, position, model.uses_mrope())) {
                for (const uint32_t word : { at.t, at.y, at.x, at.z }) {
                    positions.push_back(static_cast<int32_t>(word));
                }
            }
            row += piece.token_count();
            position += piece.position_count();
        }
    }
    return positions;
}

Napi::Value embed_sequences(const Napi::CallbackInfo & info) {
    const auto model   = loaded_model_of(info[0]);
    const auto options = read_object(info[1], "the task");
    auto       task    = std::make_shared<EmbedTask>();
    const auto list    = read_array(options.Get("sequences"), "sequences");
    for (uint32_t i = 0; i < list.Length(); ++i) {
        task->sequences.push_back(read_sequence(list.Get(i), Pictures::with_pixels));
    }
    task->path        = read_string(options, "path");
    task->first       = read_integer<uint64_t>(options, "first", 0, MOST_ROWS);
    const auto abort  = AbortFlag::from(info[2]);
    auto       result = std::make_shared<std::vector<int32_t>>();
    return run_async(
        info.Env(), info.Env().Undefined(), [=](const Emitter &) { *result = embed(*model, std::move(*task), abort); },
        [=](Napi::Env env) { return array_of<Napi::Int32Array>(env, *result); });
}

} // namespace

void define_embed(Napi::Env env, Napi::Object exports) { define_function<embed_sequences>(env, exports, "embedSequences"); }

} // namespace snug
