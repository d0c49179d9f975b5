#include "grid.h"

#include <algorithm>
#include <set>
#include <stdexcept>

#define GGML_COMMON_IMPL_CPP
#include "ggml-common.h"

namespace snug {

namespace {

constexpr int LARGEST_BITS = 16;

const int8_t * bytes(const void * entries) { return static_cast<const int8_t *>(entries); }

} // namespace

Grid::Grid(const int8_t * entries, int count, int dimensions, int shells) : dimensions(dimensions), bits(dimensions == 8 ? 2 : 3) {
    const std::set<int8_t> values(entries, entries + count * dimensions);
    levels = static_cast<int>(values.size());
    planes.assign(dimensions, std::vector<uint8_t>(count));
    patterns.assign(count, 0);
    distances.resize(count);
    places.assign(size_t(1) << LARGEST_BITS, -1);
    for (int i = 0; i < count; ++i) {
        for (int d = 0; d < dimensions; ++d) {
            const auto level = std::distance(values.begin(), values.find(entries[i * dimensions + d]));
            planes[d][i]     = static_cast<uint8_t>(level);
            patterns[i] |= static_cast<uint16_t>(level << bits * d);
        }
        places[patterns[i]] = i;
    }
    for (uint32_t pattern = 0; pattern < 1u << bits * dimensions; ++pattern) {
        bool exists = places[pattern] < 0;
        for (int d = 0; d < dimensions; ++d) {
            exists = exists && static_cast<int>(pattern >> bits * d & ((1 << bits) - 1)) < levels;
        }
        if (exists) {
            list_near(pattern, shells);
        }
    }
    // the vectors stay where they are from here on
    const uint16_t *at_patterns = near_patterns.data(), *at_indices = near_indices.data();
    for (auto & list : lists) {
        list.patterns = at_patterns;
        list.indices  = at_indices;
        at_patterns += list.groups * WIDTH;
        at_indices += list.groups * WIDTH;
    }
    planes.clear();
    distances.clear();
}

void Grid::list_near(uint32_t pattern, int shells) {
    const int count = static_cast<int>(patterns.size());
    std::fill(distances.begin(), distances.end(), 0);
    for (int d = 0; d < dimensions; ++d) {
        const int level = pattern >> bits * d & ((1 << bits) - 1);
        for (int i = 0; i < count; ++i) {
            distances[i] += (planes[d][i] - level) * (planes[d][i] - level);
        }
    }
    const size_t first = near_patterns.size();
    for (int shell = 0, reached = -1; shell < shells; ++shell) {
        int next = INT32_MAX;
        for (int i = 0; i < count; ++i) {
            next = distances[i] > reached ? std::min(next, distances[i]) : next;
        }
        for (int i = 0; i < count; ++i) {
            if (distances[i] == next) {
                near_patterns.push_back(patterns[i]);
                near_indices.push_back(static_cast<uint16_t>(i));
            }
        }
        reached = next;
    }
    while (near_patterns.size() % WIDTH != 0) {
        near_patterns.push_back(near_patterns[first]);
        near_indices.push_back(near_indices[first]);
    }
    lists.push_back({ nullptr, nullptr, static_cast<int>((near_patterns.size() - first) / WIDTH) });
    places[pattern] = -static_cast<int32_t>(lists.size());
}

const Grid & Grid::of(ggml_type type) {
    switch (type) {
        case GGML_TYPE_IQ1_S:
        case GGML_TYPE_IQ1_M: {
            static const Grid grid(bytes(iq1s_grid), NGRID_IQ1S, 8, 3);
            return grid;
        }
        case GGML_TYPE_IQ2_XXS: {
            static const Grid grid(bytes(iq2xxs_grid), 256, 8, 2);
            return grid;
        }
        case GGML_TYPE_IQ2_XS: {
            static const Grid grid(bytes(iq2xs_grid), 512, 8, 2);
            return grid;
        }
        case GGML_TYPE_IQ2_S: {
            static const Grid grid(bytes(iq2s_grid), 1024, 8, 1);
            return grid;
        }
        case GGML_TYPE_IQ3_XXS: {
            static const Grid grid(bytes(iq3xxs_grid), 256, 4, 2);
            return grid;
        }
        case GGML_TYPE_IQ3_S: {
            static const Grid grid(bytes(iq3s_grid), 512, 4, 3);
            return grid;
        }
        default: throw std::invalid_argument("a type without a grid");
    }
}

} // namespace snug
