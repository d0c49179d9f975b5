#pragma once

#include "ggml-backend-impl.h"

// What ggml's CPU backend calls for weights that are arranged anew, as it declares it for itself (ggml-cpu/traits.h, ggml-cpu-impl.h of
// the pinned release). The order of the virtual functions is what counts; names differ from ggml's, whose symbols are its own.

namespace snug::kernels {

struct ComputeParams {
    int    thread;
    int    threads;
    size_t work_bytes;
    void * work;
    void * threadpool;
    bool   use_reference;
};

class Operation {
  public:
    virtual ~Operation()                                                               = default;
    virtual bool work_size(int threads, const ggml_tensor * operation, size_t & bytes) = 0;
    virtual bool compute_forward(ComputeParams * parameters, ggml_tensor * operation)  = 0;
};

class Arrangement {
  public:
    virtual ~Arrangement()                                                                    = default;
    virtual bool        supports_op(ggml_backend_dev_t device, const ggml_tensor * operation) = 0;
    virtual Operation * operation_of(const ggml_tensor * operation)                           = 0;
};

} // namespace snug::kernels
