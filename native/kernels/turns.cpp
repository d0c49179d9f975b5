#include "turns.h"

#include <memory>
#include <mutex>
#include <unordered_map>

namespace snug::kernels {

Turns & Turns::of(const void * threadpool) {
    // A pool that ends leaves its turns to the next at its address: they are at their beginning between products.
    static std::mutex                                               access;
    static std::unordered_map<const void *, std::unique_ptr<Turns>> of_pools;
    thread_local const void *                                       last_pool  = nullptr;
    thread_local Turns *                                            last_turns = nullptr;
    if (threadpool != last_pool || !last_turns) {
        std::lock_guard<std::mutex> lock(access);
        auto &                      turns = of_pools[threadpool];
        if (!turns) {
            turns = std::make_unique<Turns>();
        }
        last_pool  = threadpool;
        last_turns = turns.get();
    }
    return *last_turns;
}

} // namespace snug::kernels
