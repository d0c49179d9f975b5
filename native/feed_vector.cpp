// Types whose codes choose vectors of four or eight weights: IQ1, IQ2, IQ3. Their grids are not exported, so they are read from what ggml
// makes of every code.
#include "feed_codebook.h"
#include "feed_codes.h"

#include "processor_variants.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>

namespace snug {

namespace {

constexpr int SIZE = CodeGroup::SIZE;

struct Format {
    int  dimensions; // of a vector
    int  index_bits;
    int  sign_bits;  // 0: a bit shifts all values; 7: the eighth sign makes their number even; 8: all are free
    bool shift_free; // each vector has its own shift
    int  first;      // what the first weight of the first vector is, in whole steps
};

bool format_of(ggml_type type, Format & format) {
    switch (type) {
        case GGML_TYPE_IQ1_S:   format = { 8, 11, 0, false, -7 }; return true;
        case GGML_TYPE_IQ1_M:   format = { 8, 11, 0, true, -7 }; return true;
        case GGML_TYPE_IQ2_XXS: format = { 8, 8, 7, false, 8 }; return true;
        case GGML_TYPE_IQ2_XS:  format = { 8, 9, 7, false, 8 }; return true;
        case GGML_TYPE_IQ2_S:   format = { 8, 10, 8, false, 8 }; return true;
        case GGML_TYPE_IQ3_XXS: format = { 4, 8, 7, false, 4 }; return true;
        case GGML_TYPE_IQ3_S:   format = { 4, 9, 8, false, 1 }; return true;
        default:                return false;
    }
}

// A choice for a group, and what its columns then have of ‖errors·R‖².
struct Choice {
    float    errors[SIZE];
    uint32_t indexes[2];
    uint32_t signs;
    float    cost;
    float    wishes[SIZE]; // how far from zero each weight would be, weighed: a sign costs that much to flip
};

// out = start − Σ values[i]·products[i]; returns its square, over LENGTH columns
template <int LENGTH> SNUG_INLINE float squares(const float * start, const float * products, const float * values) {
    float left[LENGTH];
    for (int j = 0; j < LENGTH; ++j) {
        left[j] = start[j];
    }
    for (int i = 0; i < LENGTH; ++i) {
        for (int j = 0; j < LENGTH; ++j) {
            left[j] -= values[i] * products[i * LENGTH + j];
        }
    }
    float sum = 0;
    for (int j = 0; j < LENGTH; ++j) {
        sum += left[j] * left[j];
    }
    return sum;
}

// the one of a corner's neighbours that costs least; `products` [dimensions × dimensions]
template <int WIDTH> SNUG_INLINE void cheapest(const Codebook & book, const uint16_t * candidates, const float * start,
                                               const float * products, uint16_t * index, float * cost) {
    *cost = std::numeric_limits<float>::infinity();
    for (int k = 0; k < Codebook::NEAREST; ++k) {
        const float * values = book.entry(candidates[k]);
        const float   reached =
            book.dimensions() == SIZE ? squares<SIZE>(start, products, values) : squares<SIZE / 2>(start, products, values);
        if (k == 0 || reached < *cost) {
            *cost  = reached;
            *index = candidates[k];
        }
    }
}

using Cheapest = void (*)(const Codebook &, const uint16_t *, const float *, const float *, uint16_t *, float *);
SNUG_VARIANTS(Cheapest, cheapest_variant, cheapest,
              (const Codebook & book, const uint16_t * candidates, const float * start, const float * products, uint16_t * index,
               float * cost),
              (book, candidates, start, products, index, cost))

class VectorCodes : public Codes {
  public:
    VectorCodes(ggml_type type, const Format & format) : Codes(type, SIZE), format(format), book(read_book(), format.dimensions) {}

  private:
    static constexpr int NO_FLIP     = -1;
    static constexpr int TRIED_FLIPS = 3;
    const Format         format;
    const Codebook       book;

    // in whole steps: what ggml makes of the codes is that, times a scale
    float steps(float relative) const { return std::nearbyint(relative * static_cast<float>(format.first)); }

    std::vector<float> read_book() const {
        std::vector<float> entries;
        for (uint32_t index = 0; index < 1u << format.index_bits; ++index) {
            const auto values = example(index, 0);
            for (int i = 0; i < format.dimensions; ++i) {
                // of shifted vectors the ones before the shift
                entries.push_back(steps(values[i]) - (format.sign_bits == 0 ? 1 : 0));
            }
        }
        return entries;
    }

    // `first`: the scale of each group
    void prepare(int64_t columns, CodeScratch & scratch) const override {
        values_with(0, columns, scratch, scratch.blocks, scratch.second);
        scratch.first.resize(columns / SIZE);
        for (int64_t group = 0; group < columns / SIZE; ++group) {
            float whole = static_cast<float>(format.first);
            if (format.sign_bits == 0 && !format.shift_free) {
                whole = book.entry(0)[0] + shift(current(group, scratch) >> format.index_bits);
            }
            scratch.first[group] = scratch.second[group * SIZE] / whole;
        }
    }

    static float shift(uint32_t bit) { return bit & 1 ? -1.f : 1.f; }

    void pick(const CodeGroup & group, CodeScratch & scratch) const override {
        const int64_t index = group.first / SIZE;
        const float   scale = scratch.first[index];
        if (scale == 0) {
            std::copy_n(group.targets, SIZE, group.errors);
            scratch.codes[index] = current(index, scratch);
            return;
        }
        Choice best;
        if (format.sign_bits == 0) {
            best = shifted(group, scale, current(index, scratch) >> format.index_bits);
        } else {
            best = decode(group, scale, 0, NO_FLIP);
            if (format.sign_bits == SIZE - 1 && is_odd(best.signs)) {
                best = with_even_signs(group, scale, best);
            }
        }
        std::copy_n(best.errors, SIZE, group.errors);
        scratch.codes[index] = code_of(best);
    }

    uint32_t code_of(const Choice & choice) const {
        uint32_t code = choice.indexes[0];
        int      bits = format.index_bits;
        if (format.dimensions < SIZE) {
            code |= choice.indexes[1] << bits;
            bits += format.index_bits;
        }
        const uint32_t kept = format.sign_bits == 0 ? 1u : (1u << format.sign_bits) - 1;
        return code | ((choice.signs & kept) << bits);
    }

    static bool is_odd(uint32_t bits) {
        bits ^= bits >> 4;
        bits ^= bits >> 2;
        return ((bits ^ (bits >> 1)) & 1) != 0;
    }

    Choice shifted(const CodeGroup & group, float scale, uint32_t bit) const {
        Choice best = decode(group, scale, shift(bit), NO_FLIP);
        best.signs  = bit & 1;
        if (format.shift_free) {
            Choice other = decode(group, scale, shift(bit ^ 1), NO_FLIP);
            other.signs  = (bit ^ 1) & 1;
            return other.cost < best.cost ? other : best;
        }
        return best;
    }

    Choice with_even_signs(const CodeGroup & group, float scale, const Choice & odd) const {
        int order[SIZE] = { 0, 1, 2, 3, 4, 5, 6, 7 };
        std::partial_sort(order, order + TRIED_FLIPS, order + SIZE, [&](int a, int b) { return odd.wishes[a] < odd.wishes[b]; });
        Choice best;
        best.cost = std::numeric_limits<float>::infinity();
        for (int i = 0; i < TRIED_FLIPS; ++i) {
            const Choice other = decode(group, scale, 0, order[i]);
            if (i == 0 || other.cost < best.cost) {
                best = other;
            }
        }
        return best;
    }

    // The vectors of a group one after the other. `offset`: what a shift adds, in steps; `flipped`: the weight that has the other sign.
    Choice decode(const CodeGroup & group, float scale, float offset, int flipped) const {
        Choice choice{};
        for (int first = 0; first < SIZE; first += format.dimensions) {
            // the column sums with the vectors before
            float sums[SIZE];
            for (int j = first; j < first + format.dimensions; ++j) {
                sums[j - first] = group.sums[j];
                for (int i = 0; i < first; ++i) {
                    sums[j - first] += choice.errors[i] * group.upper[i * group.step + j];
                }
            }
            choose_vector(group, scale, offset, flipped, first, sums, choice);
        }
        return choice;
    }

    void choose_vector(const CodeGroup & group, float scale, float offset, int flipped, int first, const float * sums,
                       Choice & choice) const {
        const int     n     = format.dimensions;
        const float * upper = group.upper + first * group.step + first;
        float         signs[SIZE];
        const auto    pattern = corner(group, scale, offset, flipped, first, sums, choice, signs);
        // of errors = targets − scale·sign·(value + offset), times R
        float start[SIZE], products[SIZE * SIZE];
        for (int j = 0; j < n; ++j) {
            start[j] = sums[j];
            for (int i = 0; i < n; ++i) {
                products[i * n + j] = scale * signs[i] * (i <= j ? upper[i * group.step + j] : 0);
                start[j] += i <= j ? group.targets[first + i] * upper[i * group.step + j] - offset * products[i * n + j] : 0;
            }
        }
        uint16_t index = 0;
        float    cost  = 0;
        cheapest_variant()(book, book.nearest(pattern), start, products, &index, &cost);
        choice.cost += cost;
        choice.indexes[first / n] = index;
        for (int i = 0; i < n; ++i) {
            choice.errors[first + i] = group.targets[first + i] - scale * signs[i] * (book.entry(index)[i] + offset);
        }
    }

    // The levels that single weights would have, one after the other, and their signs.
    uint32_t corner(const CodeGroup & group, float scale, float offset, int flipped, int first, const float * sums, Choice & choice,
                    float * signs) const {
        const auto & levels  = book.levels();
        uint32_t     pattern = 0, place = 1;
        float        errors[SIZE];
        for (int i = 0; i < format.dimensions; ++i) {
            const float * column = group.upper + first * group.step + first + i;
            float         sum    = sums[i];
            for (int k = 0; k < i; ++k) {
                sum += errors[k] * column[k * group.step];
            }
            const float own  = column[i * group.step];
            float       wish = (group.targets[first + i] + sum / own) / scale;
            signs[i]         = 1;
            if (format.sign_bits > 0) {
                const bool below = (wish < 0) != (flipped == first + i);
                choice.signs |= static_cast<uint32_t>(below) << (first + i);
                choice.wishes[first + i] = std::fabs(wish * own);
                signs[i]                 = below ? -1.f : 1.f;
                wish *= signs[i];
            }
            uint32_t level = 0;
            for (size_t next = 1; next < levels.size(); ++next) {
                level += wish - offset > (levels[next - 1] + levels[next]) / 2;
            }
            errors[i] = group.targets[first + i] - scale * signs[i] * (levels[level] + offset);
            pattern += level * place;
            place *= static_cast<uint32_t>(levels.size());
        }
        return pattern;
    }
};

} // namespace

std::shared_ptr<const Codes> vector_codes(ggml_type type) {
    // a grid takes a while to read, and is the same for every tensor
    static std::mutex                                        mutex;
    static std::map<ggml_type, std::shared_ptr<const Codes>> known;
    Format                                                   format;
    if (!format_of(type, format)) {
        return nullptr;
    }
    std::lock_guard<std::mutex> lock(mutex);
    auto &                      codes = known[type];
    if (!codes) {
        codes = std::make_shared<VectorCodes>(type, format);
    }
    return codes;
}

} // namespace snug
