#pragma once

#include "mtmd.h"

namespace snug {

// A vision encoder that can tell how many tokens a picture takes and encodes none: its weights are not read.
// Null when it cannot be opened; the reason is in the log, as with mtmd_init_from_file.
mtmd_context * open_to_count(const char * path, const llama_model * model, const mtmd_context_params & parameters);

// Whether it lays pictures out in squares, as many as their shape asks for.
bool cuts_pictures(const mtmd_context * context);

} // namespace snug
