// Types with a code for every weight: levels at equal distances, or those of a table.
#include "feed_codes.h"

#include <algorithm>
#include <cmath>

namespace snug {

namespace {

// The value of a column for its errors to be smallest, those of the group before it being known.
float aim(const CodeGroup & group, int64_t column) {
    float sum = group.sums[column];
    for (int64_t i = 0; i < column; ++i) {
        sum += group.errors[i] * group.upper[i * group.step + column];
    }
    return group.targets[column] + sum / group.upper[column * group.step + column];
}

class EvenCodes : public Codes {
  public:
    // `flip`: of the stored bits, so that codes ascend with what they stand for
    EvenCodes(ggml_type type, int levels, uint32_t flip, int lowest) : Codes(type, 1), highest(levels - 1), lowest(lowest), flip(flip) {}

  private:
    const int      highest;
    const int      lowest;
    const uint32_t flip;

    // `first`: what code 0 stands for, `second`: the distance to code 1
    void prepare(int64_t columns, CodeScratch & scratch) const override {
        values_with(0 ^ flip, columns, scratch, scratch.blocks, scratch.first);
        values_with(1 ^ flip, columns, scratch, scratch.blocks, scratch.second);
        for (int64_t i = 0; i < columns; ++i) {
            scratch.second[i] -= scratch.first[i];
        }
    }

    void pick(const CodeGroup & group, CodeScratch & scratch) const override {
        for (int64_t i = 0; i < CodeGroup::SIZE; ++i) {
            const float start = scratch.first[group.first + i], step = scratch.second[group.first + i];
            const float level = step == 0 ? 0 : (aim(group, i) - start) / step;
            const float code  = std::nearbyint(std::min(static_cast<float>(highest), std::max(static_cast<float>(lowest), level)));
            group.errors[i]   = group.targets[i] - (start + code * step);
            scratch.codes[group.first + i] = static_cast<uint32_t>(code) ^ flip;
        }
    }
};

class TableCodes : public Codes {
  public:
    explicit TableCodes(ggml_type type) : Codes(type, 1) {
        for (uint32_t code = 0; code < 16; ++code) {
            levels[code] = example(code, UNIT)[0];
        }
    }

  private:
    static constexpr uint32_t UNIT = 8; // kvalues_iq4nl[8] is 1
    float                     levels[16];

    void prepare(int64_t columns, CodeScratch & scratch) const override {
        values_with(UNIT, columns, scratch, scratch.blocks, scratch.second);
    }

    void pick(const CodeGroup & group, CodeScratch & scratch) const override {
        for (int64_t i = 0; i < CodeGroup::SIZE; ++i) {
            const float scale = scratch.second[group.first + i];
            const float level = scale == 0 ? 0 : aim(group, i) / scale;
            uint32_t    code  = 0;
            for (int next = 1; next < 16; ++next) {
                code += level > (levels[next - 1] + levels[next]) / 2;
            }
            group.errors[i]                = group.targets[i] - levels[code] * scale;
            scratch.codes[group.first + i] = code;
        }
    }
};

} // namespace

std::shared_ptr<const Codes> scalar_codes(ggml_type type) {
    switch (type) {
        case GGML_TYPE_Q2_K: return std::make_shared<EvenCodes>(type, 4, 0, 0);
        case GGML_TYPE_Q3_K: return std::make_shared<EvenCodes>(type, 8, 0, 0);
        case GGML_TYPE_Q4_0:
        case GGML_TYPE_Q4_1:
        case GGML_TYPE_Q4_K: return std::make_shared<EvenCodes>(type, 16, 0, 0);
        case GGML_TYPE_Q5_0:
        case GGML_TYPE_Q5_1:
        case GGML_TYPE_Q5_K: return std::make_shared<EvenCodes>(type, 32, 0, 0);
        case GGML_TYPE_Q6_K: return std::make_shared<EvenCodes>(type, 64, 0, 0);
        // signed bytes; ggml never makes -128, and some of its kernels could not negate it
        case GGML_TYPE_Q8_0:   return std::make_shared<EvenCodes>(type, 256, 0x80, 1);
        case GGML_TYPE_IQ4_NL:
        case GGML_TYPE_IQ4_XS: return std::make_shared<TableCodes>(type);
        default:               return nullptr;
    }
}

} // namespace snug
