#pragma once

#include <atomic>
#include <cstdint>

namespace snug::kernels {

// Hands the pieces of one product out to the threads of a pool, whichever is free: slow cores of a processor take fewer. ggml has the same
// for its own products and does not export it. Every thread asks until it gets none; the last to hear that makes it ready for the next
// pieces, which none asks for before all are done with these.
class Turns {
  public:
    // the next piece, or `pieces` and more where none is left
    int64_t next(int64_t pieces, int threads) {
        const int64_t turn = taken.fetch_add(1, std::memory_order_relaxed);
        if (turn == pieces + threads - 1) {
            taken.store(0, std::memory_order_relaxed);
        }
        return turn;
    }

  private:
    std::atomic<int64_t> taken{ 0 };
};

// Where the threads of a pool wait for each other amid a product. ggml's own is exported on Linux alone.
class Barrier {
  public:
    void wait(int threads);

  private:
    std::atomic<int>      arrived{ 0 };
    std::atomic<uint32_t> passed{ 0 };
};

// What the threads of a pool share.
struct Team {
    Turns   turns;
    Barrier barrier;

    // of the pool that this thread computes for
    static Team & of(const void * threadpool);
};

} // namespace snug::kernels
