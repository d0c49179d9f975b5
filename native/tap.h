#pragma once

#include "files.h"
#include "input_sums.h"
#include "projection.h"
#include "support.h"

#include "ggml.h"

#include <memory>
#include <string>
#include <vector>

namespace snug {

// Which part of a model a tap watches.
struct TappedLayers {
    int  first;
    int  last;
    bool and_output = false; // what the output head multiplies as well
    bool sums       = true;  // else only the outputs are passed on
    int  named      = 0;     // added to a layer's number in names: a file of one layer calls it 0
};

// Watches a graph run: sums up the inputs of the matrix multiplications of its layers and writes chosen rows of each layer's output
// ("l_out-<layer>") to a file of [layer][slot][embedding or projected dimension] floats. It ends the run where nothing that it watches follows.
class Tap {
  public:
    Tap(TappedLayers layers, InputSums & sums) : layers(layers), sums(sums) {}

    // for the next batch: the slot of each token, -1 for tokens that are not sampled; without a projection rows are written as they are
    void        sample_into(std::shared_ptr<File> file, std::vector<int32_t> slots, int64_t slots_per_layer,
                            std::shared_ptr<const Projection> projection = nullptr);
    static bool observe(ggml_tensor * tensor, bool ask, void * self);
    // what went wrong inside the graph run, where nothing may throw; null if nothing did; cleared by reading
    std::unique_ptr<Failure> take_failure();

  private:
    bool wants(const ggml_tensor * tensor) const;
    // whether the run goes on
    bool see(const ggml_tensor * tensor);
    void sample(const ggml_tensor * output, int layer);

    TappedLayers                      layers;
    InputSums &                       sums;
    std::shared_ptr<File>             file;
    std::vector<int32_t>              slots;
    int64_t                           slots_per_layer = 0;
    std::shared_ptr<const Projection> projection;
    std::vector<float>                projected;
    std::unique_ptr<Failure>          failure;
};

} // namespace snug
