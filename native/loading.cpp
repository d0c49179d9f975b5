#include "loading.h"

#include "backends.h"
#include "files.h"
#include "kernels/family.h"
#include "vision_counting.h"

#include <algorithm>

namespace snug {

namespace {

struct LoadProgress {
    const Emitter * emitter;
    Abort           abort;
    float           last = -1;
    // llama.cpp calls this per tensor; a JavaScript event per hundredth is enough
    static bool call(float done, void * data) {
        auto * self = static_cast<LoadProgress *>(data);
        if (done - self->last >= 0.01f || done >= 1) {
            self->last = done;
            self->emitter->progress(done, 1);
        }
        return !is_aborted(self->abort);
    }
};

void load_text_model(ModelState & state, const OpenOptions & options, LoadProgress & progress) {
    auto parameters         = llama_model_default_params();
    parameters.n_gpu_layers = options.gpu_layers;
    // With a device at hand llama.cpp sends large batches there even of layers that stay on the CPU (Metal): predictions would be wrong.
    ggml_backend_dev_t no_devices[] = { nullptr };
    if (options.gpu_layers == 0) {
        parameters.devices = no_devices;
    }
    // simulated allocations need a model that is not mapped; some drives let no file be mapped
    const bool mapped    = options.mapped && !options.no_alloc && std::all_of(options.paths.begin(), options.paths.end(), can_map);
    parameters.load_mode = mapped ? LLAMA_LOAD_MODE_MMAP : LLAMA_LOAD_MODE_NONE;
    // what is arranged anew lies in memory beside the pages of the file
    parameters.use_extra_bufts             = !options.mapped;
    parameters.no_alloc                    = options.no_alloc;
    parameters.progress_callback           = LoadProgress::call;
    parameters.progress_callback_user_data = &progress;
    const kernels::Wide       wide(options.wide);
    LogMark                   log;
    std::vector<const char *> paths;
    for (const auto & path : options.paths) {
        paths.push_back(path.c_str());
    }
    state.model.reset(llama_model_load_from_splits(paths.data(), paths.size(), parameters));
    throw_if_aborted(progress.abort);
    if (!state.model) {
        throw Failure(Code::MODEL_LOAD, "llama.cpp could not load " + options.paths.front() + ": " + log.reasons());
    }
    state.warnings = log.lines();
}

mtmd_context_params vision_parameters(const OpenOptions & options) {
    auto parameters             = mtmd_context_params_default();
    parameters.use_gpu          = options.gpu_layers != 0;
    parameters.print_timings    = false;
    parameters.n_threads        = options.threads;
    parameters.warmup           = false;
    parameters.image_min_tokens = options.image_min_tokens;
    parameters.image_max_tokens = options.image_max_tokens;
    return parameters;
}

void load_vision(ModelState & state, const OpenOptions & options, LoadProgress & progress) {
    auto parameters                        = vision_parameters(options);
    parameters.progress_callback           = LoadProgress::call;
    parameters.progress_callback_user_data = &progress;
    LogMark    log;
    const auto open =
        options.no_alloc ? open_to_count : [](const char * path, const llama_model * model, const mtmd_context_params & given) {
            return mtmd_init_from_file(path, model, given);
        };
    state.vision.reset(open(options.vision_path.c_str(), state.model.get(), parameters));
    throw_if_aborted(progress.abort);
    if (!state.vision) {
        throw Failure(Code::MMPROJ_LOAD, "llama.cpp could not load " + options.vision_path + " with this model: " + log.reasons());
    }
    if (!mtmd_support_vision(state.vision.get())) {
        throw Failure(Code::MMPROJ_LOAD, options.vision_path + " has no vision encoder");
    }
    for (auto & line : log.lines()) {
        state.warnings.push_back(std::move(line));
    }
}

} // namespace

void load(ModelState & state, const OpenOptions & options, const Emitter & emitter, const Abort & abort) {
    cpu_device();
    throw_if_aborted(abort);
    for (const auto & path : options.paths) {
        require_regular_file(path, Code::MODEL_LOAD);
    }
    require_regular_file(options.vision_path, Code::MMPROJ_LOAD);
    LoadProgress progress{ &emitter, abort };
    state.paths    = options.paths;
    state.no_alloc = options.no_alloc;
    load_text_model(state, options, progress);
    if (!options.vision_path.empty()) {
        load_vision(state, options, progress);
    }
}

} // namespace snug
