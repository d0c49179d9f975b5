#pragma once

#include "ggml.h"
#include "tokens.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace snug::kernels {

constexpr int64_t TOKENS_AT_ONCE = 64;
constexpr int     MOST_TILE_ROWS = 16;
constexpr size_t  ALIGNMENT      = 64;
constexpr int     LANES          = 8; // in which ggml sums up on x86

constexpr size_t aligned(size_t bytes) { return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

// One matrix of rows that are whole blocks.
struct Shape {
    int64_t blocks; // of a row
    int64_t rows;
};

class Operation;

// Up to TOKENS_AT_ONCE tokens, one after the other.
struct Tokens {
    const TokenBlock * blocks;
    int64_t            blocks_each;
    int64_t            count;
    bool               panels; // whether ggml adds up whole blocks of so many tokens (iqp.cpp), and not each lane of its vectors by itself
};

// Types whose weights are kept alike, and this processor's kernels for them. A matrix is a row of tiles, the last filled up: some rows
// side by side, which are multiplied at once. What a product comes to depends neither on threads nor on how many tokens go together.
class Family {
  public:
    virtual ~Family() = default;

    // of the kernels, for people, as in "AVX2"
    virtual const char *           name() const                                     = 0;
    virtual bool                   is_wide() const                                  = 0; // takes much more room than ggml's blocks
    virtual std::vector<ggml_type> types() const                                    = 0;
    virtual int64_t                tile_rows() const                                = 0; // MOST_TILE_ROWS at most
    virtual size_t                 tile_bytes(ggml_type type, int64_t blocks) const = 0; // whole ALIGNMENTs

    // Lays ggml's blocks of a matrix out as tiles. `tiles` starts at ALIGNMENT and holds bytes().
    virtual void pack(ggml_type type, const void * blocks, const Shape & shape, void * tiles) const = 0;

    // What is to be known of tokens beside their blocks: how much that is, and making it.
    virtual size_t prepared_bytes(int64_t blocks, int64_t count, bool panels) const = 0;
    virtual void   prepare(const Tokens & tokens, void * to) const                  = 0;

    // tokens, and what was prepared of them, times the rows of one tile: sums[count × tile_rows]
    virtual void multiply(ggml_type type, const void * tile, const Tokens & tokens, const void * prepared, float * sums) const = 0;

    int64_t tiles(const Shape & shape) const { return (shape.rows + tile_rows() - 1) / tile_rows(); }

    // A family may keep its matrices otherwise, and make a tile when it is needed, in memory of a thread's own.
    virtual size_t       bytes(ggml_type type, const Shape & shape) const { return tiles(shape) * tile_bytes(type, shape.blocks); }
    virtual size_t       made_tile_bytes(ggml_type, int64_t) const { return 0; }
    virtual const void * tile(ggml_type type, const void * matrix, const Shape & shape, int64_t number, void *) const {
        return static_cast<const char *>(matrix) + number * tile_bytes(type, shape.blocks);
    }

    // what ggml calls to multiply with a weight of this family
    virtual std::unique_ptr<Operation> make_product() const;
};

// Those that there are kernels of for this processor, going by the features of the CPU backend that was loaded; of two that take a type
// the first is preferred.
std::vector<const Family *> families();

// Whether weights that this thread loads, or says how large they are, may have layouts that take much more room than ggml's blocks.
// False unless one of these says so.
class Wide {
  public:
    explicit Wide(bool allowed);
    Wide(const Wide &)             = delete;
    Wide & operator=(const Wide &) = delete;
    ~Wide();

  private:
    bool before;
};

} // namespace snug::kernels
