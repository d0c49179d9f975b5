// One token times a matrix that is kept for tables. A thread takes a course, two of ggml's eight lanes, through all blocks and many rows,
// so that a table is made once, by one thread, and stays in its cache: to make it takes as long as some hundred rows to look up, and to
// fetch it from another core longer still. When all lanes are there, the threads share the rows and add them up.
#include "prefetch.h"
#include "product.h"
#include "tables_family.h"
#include "turns.h"

#include <algorithm>
#include <numeric>

namespace snug::kernels {

namespace {

constexpr int64_t MOST_TILES    = 640;             // of a thread at once: its sums stay in its cache
constexpr size_t  MOST_SUMS     = size_t(2) << 20; // bytes
constexpr int64_t TILES_AT_ONCE = 16;

struct Product : Operands {
    explicit Product(const ggml_tensor * operation) : Operands(operation), matrix(weight->data, shape) {}

    TableMatrix matrix;

    // whose lanes are kept at once
    int64_t tiles() const { return std::min<int64_t>(matrix.tiles, MOST_SUMS / (COURSES * sizeof(TableSums))); }
    size_t  sums_bytes() const { return aligned(COURSES * tiles() * sizeof(TableSums)); }
    size_t  token_bytes() const { return aligned(shape.blocks * sizeof(TokenBlock)); }
    size_t  halves_bytes() const { return aligned(std::min(MOST_TILES, tiles()) * sizeof(TableHalves)); }
    size_t  thread_bytes() const { return token_bytes() + sizeof(Tables) + halves_bytes(); }
};

// Asks for what a pass begins with, while its tables are made.
void prefetch_start([[maybe_unused]] const TableRun & run, [[maybe_unused]] int pass) {
#ifdef SNUG_X86
    const int64_t tiles = std::min(run.tiles, TABLES_AHEAD);
    prefetch(reinterpret_cast<uintptr_t>(run.indices[pass]), tiles * sizeof(TableIndices));
    prefetch(reinterpret_cast<uintptr_t>(run.factors), tiles * sizeof(TableFactors));
#endif
}

// one thread's part in one product
class Work {
  public:
    Work(const Product & product, const TableKernel & kernel, const ComputeParams & parameters) :
        product(product), kernel(kernel), one_shift(product.weight->type == GGML_TYPE_IQ1_S), team(Team::of(parameters.threadpool)),
        threads(parameters.threads) {
        char * work  = aligned(parameters.work);
        char * alone = work + product.sums_bytes() + parameters.thread * product.thread_bytes();
        sums         = reinterpret_cast<TableSums *>(work);
        token        = reinterpret_cast<TokenBlock *>(alone);
        tables       = reinterpret_cast<Tables *>(alone + product.token_bytes());
        halves       = reinterpret_cast<TableHalves *>(alone + product.token_bytes() + sizeof(Tables));
    }

    void multiply() {
        quantize_token(product.token(0), product.shape.blocks, token);
        for (int64_t first = 0; first < product.matrix.tiles; first += product.tiles()) {
            if (first > 0) {
                team.barrier.wait(threads);
            }
            multiply_from(first, std::min(product.tiles(), product.matrix.tiles - first));
        }
    }

  private:
    const Product &     product;
    const TableKernel & kernel;
    bool                one_shift;
    Team &              team;
    int                 threads;
    TableSums *         sums; // [COURSES × tiles]
    TokenBlock *        token;
    Tables *            tables;
    TableHalves *       halves;

    void multiply_from(int64_t first, int64_t tiles) {
        const int64_t chunk  = chunk_of(tiles);
        const int64_t pieces = (tiles + chunk - 1) / chunk * COURSES;
        for (int64_t piece; (piece = team.turns.next(pieces, threads)) < pieces;) {
            const int64_t from = piece / COURSES * chunk;
            look_up(static_cast<int>(piece % COURSES), first, from, std::min(chunk, tiles - from));
        }
        team.barrier.wait(threads);
        const int64_t groups = (tiles + TILES_AT_ONCE - 1) / TILES_AT_ONCE;
        for (int64_t group; (group = team.turns.next(groups, threads)) < groups;) {
            const int64_t from = group * TILES_AT_ONCE;
            for (int64_t tile = from; tile < std::min(from + TILES_AT_ONCE, tiles); ++tile) {
                add_up(first, tile);
            }
        }
    }

    // No more chunks than give every thread as much.
    int64_t chunk_of(int64_t tiles) const {
        const int64_t even   = threads / std::gcd(threads, COURSES);
        const int64_t small  = (tiles + MOST_TILES - 1) / MOST_TILES;
        const int64_t chunks = (small + even - 1) / even * even;
        return (tiles + chunks - 1) / chunks;
    }

    void look_up(int course, int64_t first, int64_t from, int64_t tiles) {
        const int  side   = course / HALVES;
        const auto shifts = !one_shift ? Shifts::OF_LANES : course == 0 ? Shifts::OF_BLOCK : Shifts::NONE;
        auto *     to     = sums + course * product.tiles() + from;
        std::fill_n(to, tiles, TableSums{});
        for (int64_t block = 0; block < product.shape.blocks; ++block) {
            const int64_t  tile   = first + from;
            const auto &   matrix = product.matrix;
            const TableRun run{ { matrix.indices(block, course, 0) + tile, matrix.indices(block, course, 1) + tile },
                                matrix.factors(block, side) + tile,
                                matrix.scales(block) + tile * TILE,
                                tiles };
            prefetch_start(run, 0);
            make_tables(kernel, token[block], course, 0, shifts, *tables);
            kernel.first_pass(run, shifts, *tables, halves);
            prefetch_start(run, 1);
            make_tables(kernel, token[block], course, 1, shifts, *tables);
            kernel.second_pass(run, shifts, *tables, halves, token[block].scale, to);
        }
    }

    void add_up(int64_t first, int64_t tile) const {
        float rows[TILE];
        kernel.add_up(sums + tile, product.tiles(), one_shift, rows);
        const int64_t row = (first + tile) * TILE;
        std::copy_n(rows, std::min<int64_t>(TILE, product.shape.rows - row), product.result(0) + row);
    }
};

// More than one token takes planes: to make them of a tile takes less time than to look up for one token more.
class TablesProduct final : public Operation {
  public:
    explicit TablesProduct(const TablesFamily & family) : kernel(family.tables), of_many(product_in_tiles(family)) {}

    bool work_size(int threads, const ggml_tensor * operation, size_t & bytes) override {
        const Product product(operation);
        if (product.tokens > 1) {
            return of_many->work_size(threads, operation, bytes);
        }
        bytes = ALIGNMENT + product.sums_bytes() + threads * product.thread_bytes();
        return true;
    }

    bool compute_forward(ComputeParams * parameters, ggml_tensor * operation) override {
        const Product product(operation);
        if (product.tokens > 1) {
            return of_many->compute_forward(parameters, operation);
        }
        Work(product, kernel, *parameters).multiply();
        return true;
    }

  private:
    const TableKernel &        kernel;
    std::unique_ptr<Operation> of_many;
};

} // namespace

std::unique_ptr<Operation> TablesFamily::make_product() const { return std::make_unique<TablesProduct>(*this); }

} // namespace snug::kernels
