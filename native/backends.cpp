// Loads llama.cpp's compute backends from a folder and says what it found. ggml scores every CPU variant in the folder
// against this CPU and loads the best one; without this call there is no device at all.
#include "backends.h"
#include "addon.h"
#include "arguments.h"
#include "guard.h"
#include "huge_pages.h"
#include "kernels/own_weights.h"
#include "loaded_file.h"

#include "ggml-backend.h"
#include "llama.h"

#include <algorithm>
#include <filesystem>
#include <mutex>

namespace snug {

namespace {

const char * kind_of(ggml_backend_dev_t device) {
    switch (ggml_backend_dev_type(device)) {
        case GGML_BACKEND_DEVICE_TYPE_CPU:  return "cpu";
        case GGML_BACKEND_DEVICE_TYPE_GPU:  return "gpu";
        case GGML_BACKEND_DEVICE_TYPE_IGPU: return "igpu";
        default:                            return "accelerator";
    }
}

// a function of the CPU backend that was loaded; null without one
ggml_backend_get_features_t features_function() {
    auto * device   = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    auto * registry = device ? ggml_backend_dev_backend_reg(device) : nullptr;
    return registry
               ? reinterpret_cast<ggml_backend_get_features_t>(ggml_backend_reg_get_proc_address(registry, "ggml_backend_get_features"))
               : nullptr;
}

// "haswell" of libggml-cpu-haswell.so; "generic" where the package has one build for every processor
std::string cpu_variant() {
    // ggml names every CPU backend "CPU": which variant it is only the library's file says
    const auto        library = loaded_file(reinterpret_cast<const void *>(features_function())).stem().string();
    const std::string mark    = "ggml-cpu-";
    const auto        at      = library.find(mark);
    return at == std::string::npos ? "generic" : library.substr(at + mark.size());
}

std::vector<std::string> cpu_features() {
    std::vector<std::string> names;
    if (const auto features = features_function()) {
        for (auto * feature = features(ggml_backend_dev_backend_reg(cpu_device())); feature->name; ++feature) {
            if (std::string(feature->value) == "1") {
                names.push_back(feature->name);
            }
        }
    }
    return names;
}

std::string variant_file(const std::string & variant) {
#ifdef _WIN32
    return "ggml-cpu-" + variant + ".dll";
#else
    return "libggml-cpu-" + variant + ".so";
#endif
}

// Which kernels multiply with the types that there are two for: decided by whoever loads first, and the same for the whole process.
kernels::OwnKernels load_once(const std::string & folder, const std::string & variant, bool own_kernels) {
    // a thread of Node's loads the addon for itself, and llama.cpp is one for all
    static std::mutex           loading;
    static kernels::OwnKernels  own;
    std::lock_guard<std::mutex> lock(loading);
    if (ggml_backend_dev_count() == 0) {
        if (variant.empty()) {
            ggml_backend_load_all_from_path(folder.c_str());
        } else {
            ggml_backend_load((std::filesystem::u8path(folder) / variant_file(variant)).string().c_str());
        }
        llama_backend_init();
        if (ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU)) {
            use_huge_pages();
            own = own_kernels ? kernels::take_weights() : kernels::OwnKernels{};
        }
    }
    return own;
}

Napi::Array devices_of(Napi::Env env) {
    auto devices = Napi::Array::New(env);
    for (size_t i = 0; i < ggml_backend_dev_count(); ++i) {
        auto * device = ggml_backend_dev_get(i);
        size_t free = 0, total = 0;
        ggml_backend_dev_memory(device, &free, &total);
        auto entry = Napi::Object::New(env);
        entry.Set("name", ggml_backend_dev_name(device));
        entry.Set("description", ggml_backend_dev_description(device));
        entry.Set("kind", kind_of(device));
        entry.Set("memoryBytes", static_cast<double>(total));
        devices.Set(devices.Length(), entry);
    }
    return devices;
}

Napi::Value load_backends(const Napi::CallbackInfo & info) {
    auto       env    = info.Env();
    const auto folder = read_path(info[0], "the folder");
    // one named CPU variant instead of everything that ggml finds
    const auto variant = info[1].IsUndefined() ? "" : read_path(info[1], "the CPU variant");
    if (variant.find_first_of("/\\") != std::string::npos) {
        throw wrong(env, "the CPU variant", "a name, not a path");
    }
    const bool own_kernels = info[2].IsUndefined() || read_bool(info[2], "whether to use Snug's own kernels");
    const auto own         = load_once(folder, variant, own_kernels);
    auto       features    = Napi::Array::New(env);
    if (ggml_backend_dev_count() > 0) {
        for (const auto & name : cpu_features()) {
            features.Set(features.Length(), name);
        }
    }
    auto types = Napi::Array::New(env);
    for (const auto type : own.types) {
        types.Set(types.Length(), static_cast<int>(type));
    }
    auto result = Napi::Object::New(env);
    result.Set("devices", devices_of(env));
    result.Set("cpuFeatures", features);
    result.Set("ownKernels", own.name);
    result.Set("ownKernelTypes", types);
    result.Set("whyNoOwnKernels", own.why_not);
    result.Set("cpuVariant", ggml_backend_dev_count() == 0 ? "" : cpu_variant());
    return result;
}

} // namespace

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

void define_backends(Napi::Env env, Napi::Object exports) { define_function<load_backends>(env, exports, "loadBackends"); }

} // namespace snug
