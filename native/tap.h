#pragma once

#include "files.h"
#include "support.h"

#include "ggml.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace snug {

// Column sums of squares of the input of one matrix multiplication: llama.cpp's importance matrix.
struct Importance {
    std::vector<float> sums; // Σ x² per input channel
    int64_t            count = 0;
};

// Watches a graph run: gathers the importance matrix of every layer's matrix multiplications and writes chosen rows of each
// layer's output ("l_out-<layer>") to a file of [layer][slot][embedding] floats.
class Tap {
  public:
    explicit Tap(int layers) : layers(layers) {}

    std::map<std::string, Importance> importance;

    // for the next batch: the slot of each token, -1 for tokens that are not sampled
    void        sample_into(std::shared_ptr<File> file, std::vector<int32_t> slots, int64_t slots_per_layer);
    static bool observe(ggml_tensor * tensor, bool ask, void * self);
    // what went wrong inside the graph run, where nothing may throw; null if nothing did; cleared by reading
    std::unique_ptr<Failure> take_failure();

  private:
    bool                       wants(const ggml_tensor * tensor) const;
    void                       collect(const ggml_tensor * product);
    void                       sample(const ggml_tensor * output, int layer);
    const std::vector<float> & column_squares(const ggml_tensor * input);

    int                      layers;
    std::shared_ptr<File>    file;
    std::vector<int32_t>     slots;
    int64_t                  slots_per_layer = 0;
    std::unique_ptr<Failure> failure;
    // Q, K and V (gate and up) multiply the same input one after the other: its sums are computed once
    const void *        last_data  = nullptr;
    const ggml_tensor * last_input = nullptr;
    std::vector<float>  last_squares;
};

} // namespace snug
