#include "rivals.h"

#include <algorithm>
#include <cmath>

namespace snug {

float stored_scale(float scale) { return ggml_fp16_to_fp32(ggml_fp32_to_fp16(scale)); }

float UniformGrid::least(const float * values, int64_t count) { return std::min(0.0f, *std::min_element(values, values + count)); }

float UniformGrid::greatest(const float * values, int64_t count) { return std::max(0.0f, *std::max_element(values, values + count)); }

UniformGrid::UniformGrid(float least, float greatest, int bits) : most(static_cast<float>((1 << bits) - 1)) {
    scale = stored_scale((greatest - least) / most);
    // all are zero, or too small for what a scale is stored in
    if (!(scale > 0)) {
        scale = 1;
    }
    zero = std::clamp(std::round(-least / scale), 0.0f, most);
}

float UniformGrid::nearest(float value) const {
    const float level = std::clamp(std::round(value / scale) + zero, 0.0f, most);
    return scale * (level - zero);
}

std::vector<UniformGrid> grids_of_rows(const Part & matrix, int bits, const RivalWork & work) {
    std::vector<UniformGrid> grids(matrix.rows);
    work.for_rows(matrix.rows, [&](int64_t first, int64_t count) {
        for (int64_t row = first; row < first + count; ++row) {
            grids[row] = UniformGrid(matrix.row(row), matrix.columns, bits);
        }
    });
    return grids;
}

} // namespace snug
