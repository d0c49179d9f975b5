// Multiplies by the kernels of this processor and by llama.cpp's, with weights in the buffers that a model is loaded into. Takes the library
// of a CPU variant. Prints which kernels there are and how many products agree; ends with 1 where one does not.
#include "../kernels/one_product.h"
#include "../kernels/own_weights.h"
#include "../kernels/random_blocks.h"

#include "ggml-backend.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace snug::kernels {

namespace {

constexpr float NEAR = 1e-5f;

struct Case {
    int64_t columns, rows, tokens;
};

// rows that fill no tile, one and many tokens, more than are taken at once
constexpr Case CASES[] = { { 256, 1, 1 },   { 512, 19, 1 },  { 3584, 37, 1 }, { 1024, 40, 2 },
                           { 3584, 37, 9 }, { 768, 16, 64 }, { 512, 50, 131 } };

float size_of(const std::vector<float> & values) {
    float most = 0;
    for (const float value : values) {
        most = std::max(most, std::fabs(value));
    }
    return most;
}

bool agrees(ggml_type type, const Case & shape, bool wide, int threads) {
    uint32_t   state  = 1;
    auto       blocks = random_blocks(type, shape.columns, shape.rows, state);
    OneProduct product{ type, shape.columns, shape.rows, shape.tokens, threads, true, wide, std::move(blocks), {} };
    for (int64_t i = 0; i < shape.tokens * shape.columns; ++i) {
        product.inputs.push_back(random_number(state));
    }
    const auto expected = compute(product);
    product.as_stored   = false;
    auto difference     = compute(product);
    for (size_t i = 0; i < expected.size(); ++i) {
        difference[i] -= expected[i];
    }
    const float relative = size_of(difference) / size_of(expected);
    const bool  near     = relative <= NEAR;
    if (!near) {
        std::printf("%s %d × %d × %d differs by %g\n", ggml_type_name(type), static_cast<int>(shape.columns), static_cast<int>(shape.rows),
                    static_cast<int>(shape.tokens), relative);
    }
    return near;
}

int check(const char * library) {
    if (!ggml_backend_load(library)) {
        std::printf("%s does not load\n", library);
        return 1;
    }
    const auto own    = take_weights();
    int        agreed = 0, count = 0;
    for (const auto type : own.types) {
        for (const auto & shape : CASES) {
            for (const int threads : { 1, 3 }) {
                for (const bool wide : { false, true }) {
                    agreed += agrees(type, shape, wide, threads) ? 1 : 0;
                    ++count;
                }
            }
        }
    }
    std::printf("%s: %d of %d products agree\n", own.types.empty() ? own.why_not.c_str() : own.name.c_str(), agreed, count);
    return agreed == count ? 0 : 1;
}

} // namespace

} // namespace snug::kernels

int main(int count, char ** arguments) { return count == 2 ? snug::kernels::check(arguments[1]) : 1; }
