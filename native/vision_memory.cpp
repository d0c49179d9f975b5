// llama.cpp tells what an encoder reserves for its warm-up picture alone (mtmd_get_memory_usage: 46 × 46 tokens for Qwen2.5-VL), and a
// picture's scratch grows neither linearly nor by the square. What reserves for a given picture is internal to clip.cpp, so this file is
// compiled in its place, with all of it inside.
// Its only reading of metadata goes through vision_completion.
#include "vision_completion.h"
#define gguf_init_from_file snug::open_vision_metadata
#include "clip.cpp"
#undef gguf_init_from_file

#include "vision_memory.h"

namespace snug {

size_t vision_compute_bytes(const char * mmproj_path, int width, int height) {
    clip_context_params parameters{};
    parameters.use_gpu                     = false;
    parameters.flash_attn_type             = CLIP_FLASH_ATTN_TYPE_AUTO;
    parameters.image_min_tokens            = -1;
    parameters.image_max_tokens            = -1;
    parameters.no_alloc                    = true;
    const auto                      opened = clip_init(mmproj_path, parameters);
    const std::unique_ptr<clip_ctx> context(opened.ctx_v), audio(opened.ctx_a), speech(opened.ctx_gen_a);
    if (!context) {
        throw std::runtime_error("it has no vision encoder that llama.cpp knows");
    }
    if (width > 0) {
        // graphs end the process for sizes that the encoder's own preprocessing never leaves
        const auto & hparams = context->model.hparams;
        const int    unit    = hparams.patch_size * std::max(2, hparams.n_merge);
        if (unit <= 0) {
            throw std::runtime_error("its patches have no size");
        }
        const auto     whole = [unit](int side) { return (side + unit - 1) / unit * unit; };
        clip_image_f32 picture;
        picture.set_size({ whole(width), whole(height) }, true, false);
        clip_image_f32_batch batch;
        batch.entries.push_back(std::move(picture));
        clip_model_loader::warmup(*context, batch);
    } else {
        clip_model_loader::warmup(*context);
    }
    size_t total = 0;
    for (const auto & [device, bytes] : context->mem_compute) {
        total += bytes;
    }
    return total;
}

} // namespace snug
