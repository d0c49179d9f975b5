#include "tap.h"

#include "ggml-backend.h"

#include <cstdlib>
#include <cstring>

namespace snug {

namespace {

const char OUTPUT_PREFIX[] = "l_out-";
const char WEIGHT_PREFIX[] = "blk.";
// what goes into the output head, as llama.cpp names it
const char LAST_NORM[] = "result_norm";

// the number behind a prefix; -1 for another name
int number_behind(const char * prefix, const char * name) {
    const size_t length = std::strlen(prefix);
    return std::strncmp(name, prefix, length) == 0 ? std::atoi(name + length) : -1;
}

int  output_layer(const ggml_tensor * tensor) { return number_behind(OUTPUT_PREFIX, tensor->name); }
int  weight_layer(const ggml_tensor * tensor) { return number_behind(WEIGHT_PREFIX, tensor->name); }
bool is_last_norm(const ggml_tensor * tensor) { return std::strcmp(tensor->name, LAST_NORM) == 0; }

// a weight's name in the model that it comes from
std::string whole_name(const char * name, int layer, int named) {
    const auto * rest = std::strchr(name + std::strlen(WEIGHT_PREFIX), '.');
    return WEIGHT_PREFIX + std::to_string(layer + named) + (rest ? rest : "");
}

const ggml_tensor * on_cpu(const ggml_tensor * tensor) {
    if (!ggml_backend_buffer_is_host(tensor->buffer)) {
        throw Failure(Code::TAP, "calibration runs on the CPU; this layer's input is on another device");
    }
    return tensor;
}

} // namespace

void Tap::sample_into(std::shared_ptr<File> target, std::vector<int32_t> token_slots, int64_t count,
                      std::shared_ptr<const Projection> projecting) {
    file            = std::move(target);
    slots           = std::move(token_slots);
    slots_per_layer = count;
    projection      = std::move(projecting);
    projected.resize(projection ? projection->dimensions() : 0);
}

std::unique_ptr<Failure> Tap::take_failure() { return std::move(failure); }

bool Tap::wants(const ggml_tensor * tensor) const {
    if (const int layer = output_layer(tensor); layer >= 0) {
        return layer >= layers.first && layer <= layers.last;
    }
    if (layers.and_output && is_last_norm(tensor)) {
        return true;
    }
    if (!layers.sums || tensor->op != GGML_OP_MUL_MAT || tensor->src[1]->type != GGML_TYPE_F32) {
        return false;
    }
    const int layer = weight_layer(tensor->src[0]);
    return layer >= layers.first && layer <= layers.last;
}

bool Tap::observe(ggml_tensor * tensor, bool ask, void * data) {
    auto * self = static_cast<Tap *>(data);
    if (ask) {
        return self->wants(tensor);
    }
    try {
        return self->see(tensor);
    } catch (...) {
        self->failure = std::make_unique<Failure>(current_failure());
        return false;
    }
}

bool Tap::see(const ggml_tensor * tensor) {
    if (is_last_norm(tensor)) {
        sums.add(on_cpu(tensor), LAST_NORM);
        return false;
    }
    const int layer = output_layer(tensor);
    if (layer < 0) {
        const auto * weight = tensor->src[0];
        sums.add(on_cpu(tensor->src[1]), whole_name(weight->name, weight_layer(weight), layers.named));
        return true;
    }
    // the compute buffers are reused between layers
    sums.forget_last();
    sample(tensor, layer);
    return layer != layers.last || layers.and_output;
}

void Tap::sample(const ggml_tensor * output, int layer) {
    if (!file) {
        return;
    }
    if (output->ne[1] != static_cast<int64_t>(slots.size())) {
        throw Failure(Code::TAP, "layer " + std::to_string(layer) + " has " + std::to_string(output->ne[1]) + " output rows for " +
                                     std::to_string(slots.size()) + " tokens");
    }
    if (projection && projection->columns() != output->ne[0]) {
        throw Failure(Code::TAP, "layer " + std::to_string(layer) + " has an output of " + std::to_string(output->ne[0]) + " values, not " +
                                     std::to_string(projection->columns()));
    }
    const size_t row_bytes = (projection ? projection->dimensions() : output->ne[0]) * sizeof(float);
    for (size_t token = 0; token < slots.size(); ++token) {
        if (slots[token] >= 0) {
            const auto * row = reinterpret_cast<const float *>(static_cast<const char *>(output->data) + token * output->nb[1]);
            if (projection) {
                projection->apply(row, projected.data());
                row = projected.data();
            }
            file->write_at(row, row_bytes, (static_cast<uint64_t>(layer) * slots_per_layer + slots[token]) * row_bytes);
        }
    }
}

} // namespace snug
