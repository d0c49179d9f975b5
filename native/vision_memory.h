#pragma once

#include <cstddef>

namespace snug {

// Bytes of compute buffers that llama.cpp reserves to encode one picture of this size in pixels; with a width of 0 one of the size that
// the encoder itself warms up with. Reads the file's header only and allocates nothing. Throws std::runtime_error when it can't be read.
size_t vision_compute_bytes(const char * mmproj_path, int width, int height);

} // namespace snug
