#include "tap.h"

#include "ggml-backend.h"

#include <cmath>
#include <cstring>

namespace snug {

namespace {

const char OUTPUT_PREFIX[] = "l_out-";

int output_layer(const ggml_tensor * tensor) {
    return std::strncmp(tensor->name, OUTPUT_PREFIX, sizeof(OUTPUT_PREFIX) - 1) == 0 ? std::atoi(tensor->name + sizeof(OUTPUT_PREFIX) - 1)
                                                                                     : -1;
}

bool is_layer_weight(const ggml_tensor * tensor) { return std::strncmp(tensor->name, "blk.", 4) == 0; }

// One thread: ggml's own are still spinning for their next product, and a second one here would only fight them for a core.
void add_column_squares(const ggml_tensor * input, float * sums) {
    for (int64_t i3 = 0; i3 < input->ne[3]; ++i3) {
        for (int64_t i2 = 0; i2 < input->ne[2]; ++i2) {
            for (int64_t row = 0; row < input->ne[1]; ++row) {
                const auto * x = reinterpret_cast<const float *>(static_cast<const char *>(input->data) + row * input->nb[1] +
                                                                 i2 * input->nb[2] + i3 * input->nb[3]);
                for (int64_t column = 0; column < input->ne[0]; ++column) {
                    sums[column] += x[column] * x[column];
                }
            }
        }
    }
}

} // namespace

void Tap::sample_into(std::shared_ptr<File> target, std::vector<int32_t> token_slots, int64_t count) {
    file            = std::move(target);
    slots           = std::move(token_slots);
    slots_per_layer = count;
}

std::unique_ptr<Failure> Tap::take_failure() { return std::move(failure); }

bool Tap::wants(const ggml_tensor * tensor) const {
    if (output_layer(tensor) >= 0) {
        return true;
    }
    return tensor->op == GGML_OP_MUL_MAT && tensor->src[1]->type == GGML_TYPE_F32 && is_layer_weight(tensor->src[0]);
}

bool Tap::observe(ggml_tensor * tensor, bool ask, void * data) {
    auto * self = static_cast<Tap *>(data);
    if (ask) {
        return self->wants(tensor);
    }
    try {
        const int layer = output_layer(tensor);
        if (layer < 0) {
            self->collect(tensor);
            return true;
        }
        self->sample(tensor, layer);
        // what follows the last layer (norm, output head) is not measured: end the run there
        return layer != self->layers - 1;
    } catch (...) {
        self->failure = std::make_unique<Failure>(current_failure());
        return false;
    }
}

const std::vector<float> & Tap::column_squares(const ggml_tensor * input) {
    if (input == last_input && input->data == last_data) {
        return last_squares;
    }
    last_squares.assign(input->ne[0], 0);
    add_column_squares(input, last_squares.data());
    last_input = input;
    last_data  = input->data;
    return last_squares;
}

void Tap::collect(const ggml_tensor * product) {
    const auto * input = product->src[1];
    if (!ggml_backend_buffer_is_host(input->buffer)) {
        throw Failure(Code::TAP, "calibration runs on the CPU; this layer's input is on another device");
    }
    const auto & squares = column_squares(input);
    auto &       entry   = importance[product->src[0]->name];
    if (entry.sums.empty()) {
        entry.sums.resize(squares.size(), 0);
    }
    if (entry.sums.size() != squares.size()) {
        throw Failure(Code::TAP, std::string("the importance restored for ") + product->src[0]->name + " has " +
                                     std::to_string(entry.sums.size()) + " values for " + std::to_string(squares.size()) + " columns");
    }
    for (size_t i = 0; i < squares.size(); ++i) {
        entry.sums[i] += squares[i];
        if (!std::isfinite(entry.sums[i])) {
            throw Failure(Code::INCOHERENT, std::string("a value that is not finite reached ") + product->src[0]->name +
                                                ": the model is broken or overflows");
        }
    }
    entry.count += ggml_nrows(input);
}

void Tap::sample(const ggml_tensor * output, int layer) {
    // the compute buffers are reused between layers: a new layer's input may stand where the last one's stood
    last_input = nullptr;
    if (!file) {
        return;
    }
    if (output->ne[1] != static_cast<int64_t>(slots.size())) {
        throw Failure(Code::TAP, "layer " + std::to_string(layer) + " has " + std::to_string(output->ne[1]) + " output rows for " +
                                     std::to_string(slots.size()) + " tokens");
    }
    const size_t row_bytes = output->ne[0] * sizeof(float);
    for (size_t token = 0; token < slots.size(); ++token) {
        if (slots[token] >= 0) {
            const auto * row = static_cast<const char *>(output->data) + token * output->nb[1];
            file->write_at(row, row_bytes, (static_cast<uint64_t>(layer) * slots_per_layer + slots[token]) * row_bytes);
        }
    }
}

} // namespace snug
