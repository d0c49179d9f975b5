#include "vision_completion.h"

namespace snug {

namespace {

bool says_yes(const gguf_context * file, const char * key) {
    const int64_t id = gguf_find_key(file, key);
    return id >= 0 && gguf_get_kv_type(file, id) == GGUF_TYPE_BOOL && gguf_get_val_bool(file, id);
}

bool has_tensor(const gguf_context * file, const char * name) { return gguf_find_tensor(file, name) >= 0; }

bool lacks_projector_type(const gguf_context * file) {
    return gguf_find_key(file, "clip.projector_type") < 0 && gguf_find_key(file, "clip.vision.projector_type") < 0;
}

bool has_mlp(const gguf_context * file) {
    return has_tensor(file, "mm.0.weight") && (has_tensor(file, "mm.2.weight") || has_tensor(file, "mm.3.weight"));
}

} // namespace

gguf_context * open_vision_metadata(const char * path, gguf_init_params parameters) {
    gguf_context * file = gguf_init_from_file(path, parameters);
    if (file != nullptr && lacks_projector_type(file) && says_yes(file, "clip.has_llava_projector") && has_mlp(file)) {
        gguf_set_val_str(file, "clip.projector_type", "mlp");
    }
    return file;
}

} // namespace snug
