// mtmd opens a vision encoder with all its weights, a gigabyte and more, and what a picture costs can be told without them. What leaves
// them out is internal to mtmd.cpp, and so is how an encoder takes pictures: this file is compiled in its place, with all of it inside.
#include "mtmd.cpp"

#include "vision_counting.h"

namespace snug {

mtmd_context * open_to_count(const char * path, const llama_model * model, const mtmd_context_params & parameters) {
    try {
        return new mtmd_context(path, model, parameters, true);
    } catch (const std::exception & error) {
        LOG_ERR("%s: error: %s\n", __func__, error.what());
        return nullptr;
    }
}

bool cuts_pictures(const mtmd_context * context) {
    return context->slice_tmpl != MTMD_SLICE_TMPL_NONE || !clip_get_hparams(context->ctx_v)->image_res_candidates.empty();
}

} // namespace snug
