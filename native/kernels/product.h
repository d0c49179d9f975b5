#pragma once

#include "cpu_backend.h"
#include "family.h"

#include <memory>

namespace snug::kernels {

// The matrices of a product whose weight is kept by a family.
struct Operands {
    explicit Operands(const ggml_tensor * operation) :
        weight(operation->src[0]), input(operation->src[1]), output(operation), shape{ weight->ne[0] / BLOCK, weight->ne[1] },
        tokens(ggml_nrows(input)) {}

    const ggml_tensor * weight;
    const ggml_tensor * input;
    const ggml_tensor * output;
    Shape               shape;
    int64_t             tokens;

    const float * token(int64_t number) const { return static_cast<const float *>(row_of(input, number)); }
    float *       result(int64_t number) const { return static_cast<float *>(const_cast<void *>(row_of(output, number))); }

  private:
    static const void * row_of(const ggml_tensor * tensor, int64_t number) {
        const int64_t i1 = number % tensor->ne[1], i2 = number / tensor->ne[1] % tensor->ne[2],
                      i3 = number / (tensor->ne[1] * tensor->ne[2]);
        return static_cast<const char *>(tensor->data) + i1 * tensor->nb[1] + i2 * tensor->nb[2] + i3 * tensor->nb[3];
    }
};

inline char * aligned(void * work) {
    return static_cast<char *>(work) + (ALIGNMENT - reinterpret_cast<uintptr_t>(work) % ALIGNMENT) % ALIGNMENT;
}

// What ggml calls to multiply with a weight that a family keeps.
Operation & product_of(const Family & family);
// The family whose product that is; null where it is none of ours.
const Family * family_of(const void * product);

// Whether ggml adds up whole blocks of so many tokens (iqp.cpp), and not each lane of its vectors by itself.
bool adds_in_panels(const ggml_tensor * operation);

// Multiplies tile by tile.
std::unique_ptr<Operation> product_in_tiles(const Family & family);

} // namespace snug::kernels
