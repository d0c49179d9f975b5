#pragma once

#include "ggml.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace snug {

// What is summed up over the inputs of matrix multiplications as they run.
class InputSums {
  public:
    virtual ~InputSums() = default;

    // the weight of each token of the batch that comes; none: each counts once
    void begin(std::vector<float> token_weights);
    // `input`: [columns × tokens] of float32; several weights that multiply the same input come one after the other
    virtual void add(const ggml_tensor * input, const std::string & weight) = 0;
    // the compute buffers are used again: what comes may stand where what came before stood
    void forget_last() { last_input = nullptr; }

  protected:
    bool is_last(const ggml_tensor * input) const { return input == last_input && input->data == last_data; }
    void remember(const ggml_tensor * input);
    // Throws Failure TAP where a batch has weights of other tokens.
    void                       require_weights_of(const ggml_tensor * input) const;
    const std::vector<float> & weights() const { return token_weights; }

  private:
    std::vector<float>  token_weights;
    const void *        last_data  = nullptr;
    const ggml_tensor * last_input = nullptr;
};

// Column sums of squares of the input of one matrix multiplication: llama.cpp's importance matrix.
struct Importance {
    std::vector<float> sums;      // Σ weight · x² per input channel
    double             count = 0; // Σ weight
};

class ImportanceSums : public InputSums {
  public:
    std::map<std::string, Importance> importance;

    // Throws Failure INCOHERENT, which names the weight, where a sum is not finite.
    void add(const ggml_tensor * input, const std::string & weight) override;

  private:
    // Q, K and V (gate and up) multiply the same input: its sums are computed once
    std::vector<float> squares;
    double             counted = 0;

    void add_squares(const ggml_tensor * input);
};

} // namespace snug
