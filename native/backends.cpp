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

// "haswell" of libggml-cpu-haswell.so; "generic" where the package has one build for every processor
std::string cpu_variant() {
    // ggml names every CPU backend "CPU": which variant it is only the library's file says
    const auto        library = loaded_file(reinterpret_cast<const void *>(cpu_features_function())).stem().string();
    const std::string mark    = "ggml-cpu-";
    const auto        at      = library.find(mark);
    return at == std::string::npos ? "generic" : library.substr(at + mark.size());
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

void define_backends(Napi::Env env, Napi::Object exports) { define_function<load_backends>(env, exports, "loadBackends"); }

} // namespace snug
