#pragma once

#include "support.h"

#include "llama.h"
#include "mtmd.h"

#include <string>
#include <vector>

namespace snug {

struct ModelState;

struct Image {
    uint32_t             width;
    uint32_t             height;
    std::vector<uint8_t> rgb; // height × width × 3; empty for a picture that is only counted
    std::string          id;  // names the picture in the KV cache
};

// Text with one media marker per image, which may hold PLAIN_MARKs, or tokens as they are.
struct Sequence {
    std::string              text;
    std::vector<llama_token> tokens;
    std::vector<Image>       images;
    bool                     add_special = true;
};

// Whether every picture must come with its pixels, and with a name for the cache, or may be a size alone.
enum class Pictures { may_be_counted, with_pixels, with_pixels_and_id };
Sequence read_sequence(const Napi::Value & value, Pictures pictures);

struct PictureSize {
    uint32_t width;
    uint32_t height;
};
PictureSize read_picture_size(const Napi::Object & object);

// A run of text tokens, or a picture, or one of the squares that an encoder cuts a picture into.
struct Piece {
    const mtmd_input_chunk * image = nullptr;
    std::string              image_id;
    std::vector<llama_token> tokens;
    bool                     begins_picture = false;

    int32_t token_count() const;
    // positions that the piece takes; for M-RoPE an image takes max(width, height) of them, not one per token
    llama_pos position_count() const;
};

// A sequence split into pieces; owns the chunks that the pieces point into. Its text starts with BOS where the model wants it, once.
class PreparedSequence {
  public:
    PreparedSequence(const ModelState & model, Sequence sequence);
    std::vector<Piece> pieces;
    int32_t            token_count() const;

  private:
    void add_tokens(std::vector<llama_token> tokens);
    void add_text(const ModelState & model, const std::string & text);
    void add_image(const ModelState & model, const Image & image);
    void begin(const llama_vocab * vocab);

    std::vector<mtmd::input_chunks_ptr> chunks; // of each picture
};

} // namespace snug
