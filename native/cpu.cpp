// The CPU as llama.cpp's backend for it sees it.
#include "backends.h"
#include "errors.h"

#include <algorithm>

namespace snug {

ggml_backend_get_features_t cpu_features_function() {
    auto * device   = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    auto * registry = device ? ggml_backend_dev_backend_reg(device) : nullptr;
    return registry
               ? reinterpret_cast<ggml_backend_get_features_t>(ggml_backend_reg_get_proc_address(registry, "ggml_backend_get_features"))
               : nullptr;
}

std::vector<std::string> cpu_features() {
    std::vector<std::string> names;
    if (const auto features = cpu_features_function()) {
        for (auto * feature = features(ggml_backend_dev_backend_reg(cpu_device())); feature->name; ++feature) {
            if (std::string(feature->value) == "1") {
                names.push_back(feature->name);
            }
        }
    }
    return names;
}

bool has_cpu_feature(const std::string & name) {
    const auto names = cpu_features();
    return std::find(names.begin(), names.end(), name) != names.end();
}

ggml_backend_dev_t cpu_device() {
    auto * device = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    if (!device) {
        throw Failure(Code::NO_CPU_BACKEND, "no CPU backend is loaded");
    }
    return device;
}

void require_memory(double bytes, const char * what) {
    size_t free = 0, total = 0;
    ggml_backend_dev_memory(cpu_device(), &free, &total);
    if (total > 0 && bytes > static_cast<double>(total)) {
        throw Failure(Code::OUT_OF_MEMORY, std::string(what) + " would take " + std::to_string(static_cast<int64_t>(bytes / (1 << 20))) +
                                               " MiB, and this machine has " + std::to_string(total >> 20));
    }
}

CpuBackend::CpuBackend(int threads) : backend(ggml_backend_dev_init(cpu_device(), nullptr)) {
    if (!backend) {
        throw Failure(Code::NO_CPU_BACKEND, "the CPU backend could not be started");
    }
    if (const auto set_threads = cpu_function<ggml_backend_set_n_threads_t>("ggml_backend_set_n_threads")) {
        set_threads(backend.get(), threads);
    }
}

void CpuBackend::compute(ggml_cgraph * graph, const std::string & what) const {
    if (ggml_backend_graph_compute(backend.get(), graph) != GGML_STATUS_SUCCESS) {
        throw Failure(Code::COMPUTE_FAILED, "llama.cpp could not compute " + what);
    }
}

ggml_backend_buffer_type_t weight_buffer_type(ggml_tensor * product) {
    auto *     device   = cpu_device();
    const auto extra_of = cpu_function<ggml_backend_dev_get_extra_bufts_t>("ggml_backend_dev_get_extra_bufts");
    auto *     weight   = product->src[0];
    for (auto * type = extra_of ? extra_of(device) : nullptr; type && *type; ++type) {
        weight->buffer       = ggml_backend_buft_alloc_buffer(*type, 0);
        const bool supported = ggml_backend_dev_supports_op(device, product);
        ggml_backend_buffer_free(weight->buffer);
        weight->buffer = nullptr;
        if (supported) {
            return *type;
        }
    }
    return ggml_backend_dev_buffer_type(device);
}

} // namespace snug
