#pragma once

#include "ggml-backend.h"
#include "ggml-cpp.h"

#include <string>
#include <vector>

namespace snug {

// The CPU device; throws Failure when loadBackends has not run or found nothing for this CPU.
ggml_backend_dev_t cpu_device();

// A function that the CPU backend offers by its name; null where it does not.
template <class Function> Function cpu_function(const char * name) {
    return reinterpret_cast<Function>(ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(cpu_device()), name));
}

// What names the instructions that the CPU variant was compiled for; null where there is no CPU device.
ggml_backend_get_features_t cpu_features_function();

std::vector<std::string> cpu_features();

// whether the CPU variant that was loaded was compiled for these instructions, by ggml's name for them
bool has_cpu_feature(const std::string & name);

// Throws Failure OUT_OF_MEMORY for more bytes than the machine has: the system grants them and ends the process when they are used.
void require_memory(double bytes, const char * what);

// The buffer that llama.cpp loads a product's weight into, on the CPU: one of another layout where the CPU variant has a better one.
ggml_backend_buffer_type_t weight_buffer_type(ggml_tensor * product);

// A CPU backend of its own with its own thread count, for graphs that are not a model's.
struct CpuBackend {
    explicit CpuBackend(int threads);
    // Throws Failure COMPUTE_FAILED, which names what could not be computed.
    void compute(ggml_cgraph * graph, const std::string & what) const;

    ggml_backend_ptr backend;
};

} // namespace snug
