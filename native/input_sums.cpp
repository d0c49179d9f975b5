#include "input_sums.h"

#include "errors.h"

#include <cmath>
#include <numeric>

namespace snug {

void InputSums::begin(std::vector<float> weights) {
    token_weights = std::move(weights);
    forget_last();
}

void InputSums::remember(const ggml_tensor * input) {
    last_input = input;
    last_data  = input->data;
}

void InputSums::require_weights_of(const ggml_tensor * input) const {
    if (!token_weights.empty() && ggml_nrows(input) != static_cast<int64_t>(token_weights.size())) {
        throw Failure(Code::TAP, "a layer's input has " + std::to_string(ggml_nrows(input)) + " rows for " +
                                     std::to_string(token_weights.size()) + " tokens");
    }
}

// One thread: ggml's own are still spinning for their next product, and a second one here would only fight them for a core.
void ImportanceSums::add_squares(const ggml_tensor * input) {
    const auto & weight = weights();
    size_t       token  = 0;
    for (int64_t i3 = 0; i3 < input->ne[3]; ++i3) {
        for (int64_t i2 = 0; i2 < input->ne[2]; ++i2) {
            for (int64_t row = 0; row < input->ne[1]; ++row, ++token) {
                const auto * x = reinterpret_cast<const float *>(static_cast<const char *>(input->data) + row * input->nb[1] +
                                                                 i2 * input->nb[2] + i3 * input->nb[3]);
                if (weight.empty()) {
                    for (int64_t column = 0; column < input->ne[0]; ++column) {
                        squares[column] += x[column] * x[column];
                    }
                } else {
                    for (int64_t column = 0; column < input->ne[0]; ++column) {
                        squares[column] += weight[token] * x[column] * x[column];
                    }
                }
            }
        }
    }
}

void ImportanceSums::add(const ggml_tensor * input, const std::string & weight) {
    if (!is_last(input)) {
        require_weights_of(input);
        squares.assign(input->ne[0], 0);
        add_squares(input);
        counted = weights().empty() ? static_cast<double>(ggml_nrows(input)) : std::accumulate(weights().begin(), weights().end(), 0.0);
        remember(input);
    }
    auto & entry = importance[weight];
    if (entry.sums.empty()) {
        entry.sums.resize(squares.size(), 0);
    }
    if (entry.sums.size() != squares.size()) {
        throw Failure(Code::TAP, "the importance restored for " + weight + " has " + std::to_string(entry.sums.size()) + " values for " +
                                     std::to_string(squares.size()) + " columns");
    }
    for (size_t i = 0; i < squares.size(); ++i) {
        entry.sums[i] += squares[i];
        if (!std::isfinite(entry.sums[i])) {
            throw Failure(Code::INCOHERENT, "a value that is not finite reached " + weight + ": the model is broken or overflows");
        }
    }
    entry.count += counted;
}

} // namespace snug
