#pragma once

namespace snug {

// Asks the system for huge pages under the buffers that ggml's CPU backend allocates from now on. Call it once, after the backend was
// loaded and before the first buffer.
void use_huge_pages();

} // namespace snug
