#pragma once

#include "backends.h"
#include "files.h"
#include "input_sums.h"

#include "ggml-cpp.h"
#include "ggml.h"

#include <memory>
#include <string>
#include <vector>

namespace snug {

// Matrices of up to so many columns are summed whole; wider ones in blocks of the second number of columns.
constexpr int64_t WIDEST_WHOLE  = 4096;
constexpr int64_t BLOCK_COLUMNS = 2048;

// The columns of each block of a matrix with so many columns.
std::vector<int64_t> gram_blocks(int64_t columns);

// H = Σ w·x·xᵀ over the inputs x of one matrix multiplication, in blocks along its diagonal. Of each block the part on and above the
// diagonal is kept, in strips of rows.
class Gram {
  public:
    Gram(int64_t columns, ggml_backend_t backend);

    std::vector<std::string> weights; // that multiply this input
    int64_t                  tokens = 0;
    double                   weight = 0; // Σ w

    int64_t                      columns() const { return width; }
    const std::vector<int64_t> & blocks() const { return sizes; }
    // columns that were zero in every token
    int64_t zero_columns() const;
    // Σ w·x·xᵀ / Σ w, block after block, each [b × b] of float32, row by row
    void write(const File & file) const;

    struct Strip {
        int64_t       row;  // its first one, in the block
        ggml_tensor * sums; // [rows of the strip × columns from `row` on], the rows lying closest together
    };
    struct Block {
        int64_t            first; // column
        int64_t            size;
        std::vector<Strip> strips;

        float at(int64_t row, int64_t column) const;
    };
    const std::vector<Block> & parts() const { return split; }

  private:
    int64_t                 width;
    std::vector<int64_t>    sizes;
    std::vector<Block>      split;
    ggml_context_ptr        context;
    ggml_backend_buffer_ptr buffer;
};

// The grams of all inputs that pass a tap. The products are run by ggml, on the threads of the model's own run, which waits meanwhile.
class GramSums : public InputSums {
  public:
    explicit GramSums(int threads);

    void use(ggml_threadpool * threads);
    // Throws Failure INCOHERENT, which names the weight, where a value is not finite.
    void add(const ggml_tensor * input, const std::string & weight) override;

    const std::vector<std::unique_ptr<Gram>> & grams() const { return list; }
    void                                       clear() { list.clear(); }

  private:
    Gram & gram_of(const ggml_tensor * input, const std::string & weight);
    void   multiply(const ggml_tensor * input, Gram & gram);

    CpuBackend                         cpu;
    ggml_gallocr_ptr                   scratch;
    std::vector<std::unique_ptr<Gram>> list;
    Gram *                             last = nullptr;
};

} // namespace snug
