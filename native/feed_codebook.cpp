#include "feed_codebook.h"

#include <algorithm>
#include <numeric>

namespace snug {

Codebook::Codebook(std::vector<float> all, int dimensions) : size(dimensions), entries(std::move(all)), values(entries) {
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    const size_t count    = entries.size() / size;
    uint32_t     patterns = 1;
    for (int i = 0; i < size; ++i) {
        patterns *= static_cast<uint32_t>(values.size());
    }
    neighbours.resize(static_cast<size_t>(patterns) * NEAREST);
    std::vector<float>    distances(count), corner(size);
    std::vector<uint16_t> order(count);
    for (uint32_t pattern = 0; pattern < patterns; ++pattern) {
        uint32_t rest = pattern;
        for (int i = 0; i < size; ++i) {
            corner[i] = values[rest % values.size()];
            rest /= static_cast<uint32_t>(values.size());
        }
        for (size_t index = 0; index < count; ++index) {
            distances[index] = 0;
            for (int i = 0; i < size; ++i) {
                const float difference = entries[index * size + i] - corner[i];
                distances[index] += difference * difference;
            }
        }
        std::iota(order.begin(), order.end(), 0);
        // of equally near ones the first, so that every library chooses the same
        std::partial_sort(order.begin(), order.begin() + NEAREST, order.end(),
                          [&](uint16_t a, uint16_t b) { return distances[a] < distances[b] || (distances[a] == distances[b] && a < b); });
        std::copy_n(order.begin(), NEAREST, neighbours.begin() + static_cast<size_t>(pattern) * NEAREST);
    }
}

} // namespace snug
