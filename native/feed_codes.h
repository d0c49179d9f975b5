#pragma once

#include "feed_layout.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace snug {

// What a thread needs to choose the codes of a segment.
struct CodeScratch {
    std::vector<uint8_t>  blocks;
    std::vector<uint32_t> codes;
    std::vector<float>    first, second; // what blocks stand for, or scales and offsets [columns]
    std::vector<float>    sums;          // Σ of the errors before, times R [columns]
    const uint8_t *       current;       // the blocks as ggml made them
};

// Eight columns that are chosen together, after those before them.
struct CodeGroup {
    static constexpr int64_t SIZE = 8;

    int64_t       first;   // column
    const float * targets; // [SIZE]
    const float * sums;    // [SIZE]
    const float * upper;   // R from the group's own row and column on
    int64_t       step;    // between its rows
    float *       errors;  // target less what was chosen [SIZE], to fill
};

// Chooses the codes of a type anew under scales that stay, so that errors are made good within a segment, too: ggml looks at each weight by
// itself.
class Codes {
  public:
    virtual ~Codes() = default;
    // null for a type whose blocks are left as ggml makes them
    static std::shared_ptr<const Codes> of(ggml_type type);

    // Of one row: makes ‖(targets − what the blocks stand for)·upper‖ smaller, or leaves the blocks. `upper` [columns × columns].
    void choose(const float * targets, const float * upper, int64_t columns, uint8_t * blocks, CodeScratch & scratch) const;

    // every code 0; scales stay
    void clear(uint8_t * blocks, int64_t columns) const;

  protected:
    Codes(ggml_type type, int64_t weights_per_code);

    // reads scales from the blocks into the scratch
    virtual void prepare(int64_t columns, CodeScratch & scratch) const = 0;
    // fills the group's errors, and its codes in the scratch
    virtual void pick(const CodeGroup & group, CodeScratch & scratch) const = 0;

    // what the blocks would stand for if every code were this
    void values_with(uint32_t code, int64_t columns, const CodeScratch & scratch, std::vector<uint8_t> & blocks,
                     std::vector<float> & values) const;
    // the code that the blocks have
    uint32_t current(int64_t code, const CodeScratch & scratch) const;
    // what one sound block stands for with every code being this, relative to its first weight with the code `unit`
    std::vector<float> example(uint32_t code, uint32_t unit) const;

    void fill(uint8_t * blocks, uint32_t code, int64_t columns) const;

    const ggml_type type;
    const int64_t   weights_per_code;
    const Layout    layout;
};

std::shared_ptr<const Codes> scalar_codes(ggml_type type);
std::shared_ptr<const Codes> vector_codes(ggml_type type);

} // namespace snug
