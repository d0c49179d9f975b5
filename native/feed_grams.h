#pragma once

#include "files.h"

#include <cstdint>
#include <string>
#include <vector>

namespace snug {

// A file of sums of what reaches a matrix: for blocks of its columns the mean over tokens of x·xᵀ, [b × b] row-major float32, one after the
// other.
class Grams {
  public:
    // Throws Failure FILE where the file is shorter than its blocks.
    Grams(const std::string & path, std::vector<int64_t> blocks);

    const std::vector<int64_t> & blocks() const { return lengths; }
    // One block. Throws Failure INCOHERENT, with `name`, where it holds a value that is not finite.
    std::vector<float> read(size_t block, const std::string & name) const;

  private:
    std::string          path;
    File                 file;
    std::vector<int64_t> lengths;
};

} // namespace snug
