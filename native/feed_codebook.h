#pragma once

#include <cstdint>
#include <vector>

namespace snug {

// The vectors that a type's codes choose from, and for each corner of their levels those nearest to it.
class Codebook {
  public:
    static constexpr int NEAREST = 16;

    // `entries` [count × dimensions]
    Codebook(std::vector<float> entries, int dimensions);

    int           dimensions() const { return size; }
    const float * entry(uint32_t index) const { return entries.data() + index * size; }
    // the values that single weights have, ascending
    const std::vector<float> & levels() const { return values; }
    // of a vector of levels, of which `pattern` is Σ index of the level · levels^dimension [NEAREST]
    const uint16_t * nearest(uint32_t pattern) const { return neighbours.data() + pattern * NEAREST; }

  private:
    int                   size;
    std::vector<float>    entries;
    std::vector<float>    values;
    std::vector<uint16_t> neighbours;
};

} // namespace snug
