#pragma once

#include "../feed_factor.h"
#include "../quantize_task.h"
#include "../support.h"

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace snug {

// The methods that LUQ is compared with in its paper, each written from its own paper. They are references for quality: weights that were
// quantized and turned back into floats. H is the mean of x·xᵀ over what reaches the matrix; a wide matrix has it in blocks along its diagonal.

// Columns that share a scale, and columns that are quantized before their errors are fed on: 128 in all three papers.
constexpr int64_t RIVAL_GROUP = 128;

enum class Rival { gptq, awq, billm };

struct RivalTask {
    QuantizeTask         tensor; // its target is of 16-bit floats
    std::string          gram_path;
    std::vector<int64_t> blocks;
    Rival                method;
    int                  bits;   // of a code; BiLLM has none
    bool                 groups; // scales for every group of columns, or for a row
    float                alpha;  // of AWQ
};

// The columns of a matrix that one block of H is of; its rows lie `step` values apart.
struct Part {
    float * values;
    int64_t rows;
    int64_t step;
    int64_t columns;

    float * row(int64_t index) const { return values + index * step; }
};

// What all of a task works with.
class RivalWork {
  public:
    static constexpr int64_t SLAB = 48; // rows of a thread at a time

    RivalWork(int threads, int64_t values, const Abort & abort, const Emitter & emitter) :
        threads(threads), abort(abort), emitter(emitter), total(values) {}

    const int     threads;
    const Abort & abort;

    // Calls work(first row, rows) for slabs of rows, on all threads. Throws CANCELLED.
    template <class Work> void for_rows(int64_t rows, Work work) const {
        for_each_index(threads, (rows + SLAB - 1) / SLAB, [&](int64_t slab) {
            throw_if_aborted(abort);
            work(slab * SLAB, std::min(SLAB, rows - slab * SLAB));
        });
    }
    void finished(int64_t values) {
        const int64_t now = done += values;
        emitter.progress(static_cast<double>(now), static_cast<double>(total));
    }

  private:
    const Emitter &      emitter;
    const int64_t        total;
    std::atomic<int64_t> done{ 0 };
};

// GPTQ's factor, in the columns' own order. With H that is not positive definite the damping grows; where it is zero, no error is fed on.
Factor rival_factor(const std::vector<float> & gram, int64_t columns, const RivalWork & work);

// A scale that a format stores in 16 bits.
float stored_scale(float scale);

// Levels between the least and the greatest weight and zero, as far apart as each other. GPTQ, section 4: "uniform per-row asymmetric
// quantization on the min-max grid"; AWQ's groups have the same.
class UniformGrid {
  public:
    UniformGrid() = default;
    UniformGrid(const float * values, int64_t count, int bits) : UniformGrid(least(values, count), greatest(values, count), bits) {}
    UniformGrid(float least, float greatest, int bits);

    float nearest(float value) const;

    static float least(const float * values, int64_t count);
    static float greatest(const float * values, int64_t count);

  private:
    float scale = 1;
    float zero  = 0;
    float most  = 0;
};

// One grid a row, over all of its columns.
std::vector<UniformGrid> grids_of_rows(const Part & matrix, int bits, const RivalWork & work);

// GPTQ (Frantar et al., arXiv 2210.17323): the error of each column is fed on to the columns after it. `rows`: the grid of each row, or none
// for one a group of columns, taken of the weights as they are when their group is reached. Writes over the weights.
void gptq(const Part & part, const std::vector<float> & gram, int bits, const std::vector<UniformGrid> & rows, RivalWork & work);

// AWQ (Lin et al., arXiv 2306.00978): channels are scaled by the magnitude of what reaches them to the power of alpha before they are quantized in
// groups, and scaled back. The magnitude is the root of the mean of x², where the paper takes the mean of |x|. Groups are clipped where
// that makes their output error smaller. Writes over the weights.
void awq(const Part & part, const std::vector<float> & gram, int bits, float alpha, RivalWork & work);
// tr((W − Q)·H·(W − Q)ᵀ) for each alpha, without clipping, from so many rows as the search takes, told for all.
std::vector<double> awq_errors(const Part & part, const std::vector<float> & gram, int bits, const std::vector<float> & alphas,
                               const RivalWork & work);

// BiLLM (Huang et al., arXiv 2402.04291): of each 128 columns the salient ones are binarized twice, the others in two groups, of small and of
// large weights; the error of each 128 columns is fed on. Writes over the weights. Returns how many columns were salient.
int64_t billm(const Part & part, const std::vector<float> & gram, RivalWork & work);

// Some rows of a part as they were, to tell the output error of what becomes of them.
class OutputError {
  public:
    // of at most so many rows, evenly spread
    OutputError(const Part & part, const std::vector<float> & gram, int64_t most_rows);

    int64_t       rows() const { return count; }
    const float * row(int64_t index) const { return before.data() + index * columns; }
    // tr(E·H·Eᵀ) of these errors [rows × columns], told for all rows of the part
    double of(const std::vector<float> & errors, int threads) const;
    // of the part's rows as they are now
    double now(int threads) const;
    // tr(W·H·Wᵀ) of the rows as they were
    double whole(int threads) const { return of(before, threads); }

  private:
    Part               part;
    int64_t            columns;
    int64_t            count;
    Panels             gram;
    std::vector<float> before;

    int64_t index_of(int64_t row) const { return row * part.rows / count; }
};

} // namespace snug
