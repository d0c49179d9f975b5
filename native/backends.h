#pragma once

#include "ggml-backend.h"
#include "ggml-cpp.h"

namespace snug {

// The CPU device; throws Failure when loadBackends has not run or found nothing for this CPU.
ggml_backend_dev_t cpu_device();

// Throws Failure OUT_OF_MEMORY for more bytes than the machine has: the system grants them and ends the process when they are used.
void require_memory(double bytes, const char * what);

// A CPU backend of its own with its own thread count, for graphs that are not a model's.
struct CpuBackend {
    explicit CpuBackend(int threads);
    ggml_backend_ptr backend;
};

} // namespace snug
