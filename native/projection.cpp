#include "projection.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace snug {

Projection::Projection(int64_t columns, int64_t dimensions, uint32_t seed) : from(columns), to(dimensions), signs(columns * dimensions) {
    std::mt19937 random(seed);
    const float  scale = 1 / std::sqrt(static_cast<float>(dimensions));
    uint32_t     bits  = 0;
    for (size_t i = 0; i < signs.size(); ++i) {
        bits     = i % 32 == 0 ? random() : bits >> 1;
        signs[i] = bits & 1 ? scale : -scale;
    }
}

void Projection::apply(const float * row, float * projected) const {
    std::fill(projected, projected + to, 0.0F);
    for (int64_t column = 0; column < from; ++column) {
        const float * of_column = signs.data() + column * to;
        for (int64_t i = 0; i < to; ++i) {
            projected[i] += row[column] * of_column[i];
        }
    }
}

} // namespace snug
