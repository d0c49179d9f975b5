#include "feed_grams.h"

#include "quantize_task.h"

namespace snug {

Grams::Grams(const std::string & path, std::vector<int64_t> blocks) : path(path), file(path, File::Mode::read), lengths(std::move(blocks)) {
    uint64_t values = 0;
    for (const int64_t length : lengths) {
        values += length * length;
    }
    file.require(values * sizeof(float), 0);
}

std::vector<float> Grams::read(size_t block, const std::string & name) const {
    uint64_t before = 0;
    for (size_t i = 0; i < block; ++i) {
        before += lengths[i] * lengths[i];
    }
    std::vector<float> values(lengths[block] * lengths[block]);
    file.read_at(values.data(), values.size() * sizeof(float), before * sizeof(float));
    if (!all_finite(values.data(), values.size())) {
        throw Failure(Code::INCOHERENT, "the sums over what reaches " + name + " hold a value that is not finite: " + path);
    }
    return values;
}

} // namespace snug
