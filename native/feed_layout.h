#pragma once

#include "ggml.h"

#include <cstdint>
#include <vector>

namespace snug {

// Where the codes of a type's weights lie in its blocks (ggml-common.h; dequantize_row_* in ggml-quants.c), which ggml does not tell. Scales
// and minimums are what is left over.
class Layout {
  public:
    // one code for so many weights
    Layout(ggml_type type, int64_t weights_per_code);

    int64_t codes() const { return static_cast<int64_t>(starts.size()) - 1; }
    size_t  block_bytes() const { return bytes; }

    uint32_t read(const uint8_t * block, int64_t code) const;
    void     write(uint8_t * block, int64_t code, uint32_t value) const;
    // the same value for every code
    void fill(uint8_t * block, uint32_t value) const;

  private:
    // bits of a code, from `from` on, in one byte of the block, from `shift` on
    struct Piece {
        uint16_t byte;
        uint8_t  shift;
        uint8_t  mask;
        uint8_t  from;
        bool     shared; // several codes have these: read, never written
    };
    size_t             bytes;
    std::vector<Piece> pieces;
    std::vector<int>   starts; // of each code's pieces

    void add(int64_t bit, int width, int from, bool shared = false);
    void add_scalar(ggml_type type, int64_t weight);
    void add_vector(ggml_type type, int64_t group);
};

} // namespace snug
