#pragma once

#include "feed_products.h"
#include "support.h"

#include <cstdint>
#include <vector>

namespace snug {

// Columns that are quantized together: `length` from `first` on, counted within their block of the gram file.
struct Segment {
    int64_t first;
    int64_t length;
};

enum class Order { natural, by_trace };

// H of a block of columns, factored for feeding errors on (GPTQ, arXiv 2210.17323). With the columns in the order in which they are
// quantized and damping on the diagonal, H = R·Rᵀ, R upper triangular, and the output error is ‖(W − Q)·R‖². The best target of a segment b,
// given the errors E = W − Q of those before it, is T_b = W_b + Σ_a E_a·R_ab·R_bb⁻¹: the same as GPTQ's with U = R⁻¹, the Cholesky factor of
// H⁻¹, which need not be computed.
class Factor {
  public:
    // Columns that ggml is given at a time: the superblock of its types.
    static constexpr int64_t SEGMENT = 256;

    // `gram` [columns × columns]; `damping`: a share of the mean diagonal, added to it. Throws CANCELLED.
    Factor(const std::vector<float> & gram, int64_t columns, float damping, Order order, int threads, const Abort & abort,
           int64_t segment_length = SEGMENT);

    // false where H is zero or not positive definite in spite of the damping
    bool sound() const { return is_sound; }
    // in the order in which they are done
    const std::vector<Segment> & segments() const { return order; }
    // R_ab·R_bb⁻¹ of all segments a before b [columns before × length]
    const Panels & feed(size_t segment) const { return feeds[segment]; }
    // R_bb [length × length], row-major
    const float * within(size_t segment) const { return diagonals[segment].data(); }

  private:
    std::vector<Segment>            order;
    std::vector<Panels>             feeds;
    std::vector<std::vector<float>> diagonals;
    bool                            is_sound;

    bool factor(std::vector<float> & matrix, int64_t columns, int threads, const Abort & abort);
};

} // namespace snug
