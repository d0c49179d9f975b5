#include "turns.h"

#include "processors.h"

#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace snug::kernels {

namespace {

constexpr int SPINS = 1 << 14; // some 100 µs; then another thread may want this processor

void pause() {
#ifdef SNUG_X86
    _mm_pause();
#elif defined(__aarch64__) && defined(__GNUC__)
    __asm__ volatile("yield");
#endif
}

} // namespace

void Barrier::wait(int threads) {
    const uint32_t before = passed.load(std::memory_order_acquire);
    if (arrived.fetch_add(1, std::memory_order_acq_rel) == threads - 1) {
        arrived.store(0, std::memory_order_relaxed);
        passed.store(before + 1, std::memory_order_release);
        return;
    }
    for (int spins = 0; passed.load(std::memory_order_acquire) == before; ++spins) {
        if (spins < SPINS) {
            pause();
        } else {
            std::this_thread::yield();
        }
    }
}

Team & Team::of(const void * threadpool) {
    // A pool that ends leaves its team to the next at its address: nothing is kept in it between products.
    static std::mutex                                              access;
    static std::unordered_map<const void *, std::unique_ptr<Team>> of_pools;
    thread_local const void *                                      last_pool = nullptr;
    thread_local Team *                                            last_team = nullptr;
    if (threadpool != last_pool || !last_team) {
        std::lock_guard<std::mutex> lock(access);
        auto &                      team = of_pools[threadpool];
        if (!team) {
            team = std::make_unique<Team>();
        }
        last_pool = threadpool;
        last_team = team.get();
    }
    return *last_team;
}

} // namespace snug::kernels
