#pragma once

#include "model.h"

#include <string>
#include <vector>

namespace snug {

struct OpenOptions {
    // the model's files, the first part first
    std::vector<std::string> paths;
    std::string              vision_path;
    bool                     no_alloc;
    bool                     mapped;
    int                      gpu_layers;
    int                      threads;
    int                      image_min_tokens;
    int                      image_max_tokens;
    bool                     wide; // weights may be kept in more room than in the file, where that is faster
};

// Throws Failure MODEL_LOAD or MMPROJ_LOAD with llama.cpp's reason, or CANCELLED.
void load(ModelState & state, const OpenOptions & options, const Emitter & emitter, const Abort & abort);

} // namespace snug
