#pragma once

#include <cstdint>
#include <vector>

namespace snug {

// A random projection of rows to fewer dimensions. Squared distances keep their expected value, with a relative spread of √(2/dimensions),
// and the part of a single column is kept exactly; random signs do as well as normal numbers (Achlioptas 2003, doi 10.1016/S0022-0000(03)00025-4).
// The same seed gives the same projection everywhere, and the same row the same values, on one kind of processor.
class Projection {
  public:
    Projection(int64_t columns, int64_t dimensions, uint32_t seed);

    int64_t columns() const { return from; }
    int64_t dimensions() const { return to; }
    // row [columns] to projected [dimensions]
    void apply(const float * row, float * projected) const;

  private:
    int64_t            from;
    int64_t            to;
    std::vector<float> signs; // [columns × dimensions], ±1/√dimensions
};

} // namespace snug
