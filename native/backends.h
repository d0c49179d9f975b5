#pragma once

#include "ggml-backend.h"
#include "ggml-cpp.h"

#include <string>

namespace snug {

// The CPU device; throws Failure when loadBackends has not run or found nothing for this CPU.
ggml_backend_dev_t cpu_device();

// A function that the CPU backend offers by its name; null where it does not.
template <class Function> Function cpu_function(const char * name) {
    return reinterpret_cast<Function>(ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(cpu_device()), name));
}

// whether the CPU variant that was loaded was compiled for these instructions, by ggml's name for them
bool has_cpu_feature(const std::string & name);

// Throws Failure OUT_OF_MEMORY for more bytes than the machine has: the system grants them and ends the process when they are used.
void require_memory(double bytes, const char * what);

// A CPU backend of its own with its own thread count, for graphs that are not a model's.
struct CpuBackend {
    explicit CpuBackend(int threads);
    // Throws Failure COMPUTE_FAILED, which names what could not be computed.
    void compute(ggml_cgraph * graph, const std::string & what) const;

    ggml_backend_ptr backend;
};

} // namespace snug
