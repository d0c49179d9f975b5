// Runs a model whose layers are fed with rows of a file instead of tokens: one layer of another model, alone.
#include "evaluation.h"

#include <numeric>

namespace snug {

namespace {

Batch read_batch(const RowsRequest & request, int32_t tokens, int32_t length, int planes) {
    const size_t row_bytes = length * sizeof(float);
    auto         batch     = Batch::of_embeddings(tokens, length, planes);
    const File   rows(request.path, File::Mode::read);
    rows.read_at(batch.row(0), tokens * row_bytes, request.first * row_bytes);
    int32_t token = 0;
    for (size_t sequence = 0; sequence < request.lengths.size(); ++sequence) {
        for (int32_t i = 0; i < request.lengths[sequence]; ++i, ++token) {
            const auto * at   = request.positions.data() + static_cast<size_t>(token) * 4;
            const auto   word = [&](int plane) { return static_cast<uint32_t>(at[plane]); };
            batch.place(token, static_cast<llama_seq_id>(sequence), { word(0), word(2), word(1), word(3) });
            batch.want_output(token);
        }
    }
    return batch;
}

} // namespace

void EvaluatorState::run_rows(const RowsRequest & request) {
    std::lock_guard<std::mutex> lock(running);
    if (!tap) {
        throw Failure(Code::NO_TAP, "rows are run for a tap alone, and this evaluator has none");
    }
    const int64_t count = std::accumulate(request.lengths.begin(), request.lengths.end(), int64_t(0));
    require_room(count, request.lengths.size());
    if (request.positions.size() != static_cast<size_t>(count) * 4 ||
        (!request.weights.empty() && request.weights.size() != static_cast<size_t>(count))) {
        throw Failure(Code::BATCH_SIZE, "positions or weights are not those of " + std::to_string(count) + " tokens");
    }
    const auto            tokens = static_cast<int32_t>(count);
    auto                  batch  = read_batch(request, tokens, model->input_length(), model->uses_mrope() ? 4 : 1);
    std::shared_ptr<File> outputs;
    std::vector<int32_t>  slots;
    if (!request.outputs_path.empty()) {
        outputs = std::make_shared<File>(request.outputs_path, File::Mode::write);
        slots.resize(tokens);
        std::iota(slots.begin(), slots.end(), static_cast<int32_t>(request.first));
    }
    tap->sample_into(outputs, std::move(slots), 0);
    sums().begin(request.weights);
    llama_memory_clear(llama_get_memory(context->get()), true);
    decode(batch, true);
}

} // namespace snug
