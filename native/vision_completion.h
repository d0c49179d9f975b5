#pragma once

#include "gguf.h"

namespace snug {

// gguf_init_from_file for vision files. Those of 2023 do not say which projector they hold, which llama.cpp took for LLaVA's until it asked
// for clip.projector_type; where only that is missing it is added here, in memory alone. src-main/models/complete-vision.ts goes by the
// same rule.
gguf_context * open_vision_metadata(const char * path, gguf_init_params parameters);

} // namespace snug
