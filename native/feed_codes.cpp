#include "feed_codes.h"

#include "processor_variants.h"
#include "quantize_task.h"
#include "quantizers/quantizers.h"

#include <algorithm>
#include <cmath>

namespace snug {

namespace {

// sums [columns] += errors [SIZE] · upper [SIZE × columns]
template <int WIDTH>
SNUG_INLINE void add_errors(const float * errors, const float * upper, int64_t step, float * __restrict sums, int64_t columns) {
    for (int64_t j = 0; j < columns; ++j) {
        float sum = sums[j];
        for (int64_t i = 0; i < CodeGroup::SIZE; ++i) {
            sum += errors[i] * upper[i * step + j];
        }
        sums[j] = sum;
    }
}

using AddErrors = void (*)(const float *, const float *, int64_t, float *, int64_t);
SNUG_VARIANTS(AddErrors, add_errors_variant, add_errors,
              (const float * errors, const float * upper, int64_t step, float * sums, int64_t columns),
              (errors, upper, step, sums, columns))

// Takes the errors of a group into the sums; returns what its columns then have of ‖errors·R‖².
double take_in(const float * errors, const float * upper, int64_t columns, int64_t first, float * sums) {
    add_errors_variant()(errors, upper + first * columns + first, columns, sums + first, columns - first);
    double squares = 0;
    for (int64_t j = first; j < first + CodeGroup::SIZE; ++j) {
        squares += static_cast<double>(sums[j]) * sums[j];
    }
    return squares;
}

} // namespace

Codes::Codes(ggml_type type, int64_t weights_per_code) : type(type), weights_per_code(weights_per_code), layout(type, weights_per_code) {}

std::shared_ptr<const Codes> Codes::of(ggml_type type) {
    const auto scalar = scalar_codes(type);
    return scalar ? scalar : vector_codes(type);
}

void Codes::clear(uint8_t * blocks, int64_t columns) const { fill(blocks, 0, columns); }

void Codes::fill(uint8_t * blocks, uint32_t code, int64_t columns) const {
    for (size_t at = 0; at < ggml_row_size(type, columns); at += layout.block_bytes()) {
        layout.fill(blocks + at, code);
    }
}

void Codes::values_with(uint32_t code, int64_t columns, const CodeScratch & scratch, std::vector<uint8_t> & blocks,
                        std::vector<float> & values) const {
    blocks.assign(scratch.current, scratch.current + ggml_row_size(type, columns));
    fill(blocks.data(), code, columns);
    values.resize(columns);
    to_floats(type, blocks.data(), values.data(), columns);
}

uint32_t Codes::current(int64_t code, const CodeScratch & scratch) const {
    return layout.read(scratch.current + code / layout.codes() * layout.block_bytes(), code % layout.codes());
}

std::vector<float> Codes::example(uint32_t code, uint32_t unit) const {
    // a block of alternating weights has scales that are not zero, all of one kind
    const int64_t        columns = ggml_blck_size(type);
    std::vector<float>   weights(columns), importance(columns, 1);
    std::vector<uint8_t> block(layout.block_bytes());
    for (int64_t i = 0; i < columns; ++i) {
        weights[i] = i % 2 ? 1.f : -0.5f;
    }
    quantize_rows(type, weights.data(), block.data(), 1, columns, importance.data());
    std::vector<float> values(columns), units(columns);
    layout.fill(block.data(), unit);
    to_floats(type, block.data(), units.data(), columns);
    layout.fill(block.data(), code);
    to_floats(type, block.data(), values.data(), columns);
    for (auto & value : values) {
        value /= units[0];
    }
    return values;
}

void Codes::choose(const float * targets, const float * upper, int64_t columns, uint8_t * blocks, CodeScratch & scratch) const {
    float errors[CodeGroup::SIZE];
    scratch.current = blocks;
    scratch.codes.resize(columns / weights_per_code);
    scratch.first.resize(columns);
    to_floats(type, blocks, scratch.first.data(), columns);
    scratch.sums.assign(columns, 0);
    double before = 0;
    for (int64_t first = 0; first < columns; first += CodeGroup::SIZE) {
        for (int64_t i = 0; i < CodeGroup::SIZE; ++i) {
            errors[i] = targets[first + i] - scratch.first[first + i];
        }
        before += take_in(errors, upper, columns, first, scratch.sums.data());
    }
    prepare(columns, scratch);
    scratch.sums.assign(columns, 0);
    double after = 0;
    for (int64_t first = 0; first < columns; first += CodeGroup::SIZE) {
        pick({ first, targets + first, scratch.sums.data() + first, upper + first * columns + first, columns, errors }, scratch);
        after += take_in(errors, upper, columns, first, scratch.sums.data());
    }
    if (!(after < before)) {
        return;
    }
    for (size_t code = 0; code < scratch.codes.size(); ++code) {
        layout.write(blocks + code / layout.codes() * layout.block_bytes(), code % layout.codes(), scratch.codes[code]);
    }
}

} // namespace snug
