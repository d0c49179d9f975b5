#pragma once

#include "ggml.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace snug {

struct CodeScratch {};

class Codes {
  public:
    static std::shared_ptr<const Codes> of(ggml_type) { return nullptr; }
    void                                choose(const float *, const float *, int64_t, uint8_t *, CodeScratch &) const {}
};

} // namespace snug
