#include "feed_rows.h"

#include <algorithm>

namespace snug {

namespace {

// W_b + Σ E_a·R_ab·R_bb⁻¹
void aim(const QuantizeTask & task, const FedPart & part, size_t index, const float * values, int64_t rows, int64_t done,
         FedRows & scratch) {
    const auto & segment = part.factor->segments()[index];
    for (int64_t row = 0; row < rows; ++row) {
        std::copy_n(values + row * task.columns + part.first + segment.first, segment.length,
                    scratch.targets.data() + row * segment.length);
    }
    if (done > 0) {
        part.factor->feed(index).add_product(scratch.errors.data(), part.columns, rows, scratch.targets.data(), segment.length, 1);
    }
    if (!all_finite(scratch.targets.data(), rows * segment.length)) {
        throw Failure(Code::INCOHERENT, "the errors that were fed on grew beyond all numbers");
    }
}

} // namespace

void feed_through(const QuantizeTask & task, const FedPart & part, const float * importance, const float * values, int64_t rows,
                  uint8_t * blocks, FedRows & scratch) {
    const size_t row_bytes = ggml_row_size(task.target_type, task.columns);
    scratch.errors.resize(rows * part.columns);
    scratch.targets.resize(rows * Factor::SEGMENT);
    scratch.values.resize(rows * Factor::SEGMENT);
    scratch.blocks.resize(rows * ggml_row_size(task.target_type, Factor::SEGMENT));
    int64_t done = 0;
    for (size_t index = 0; index < part.factor->segments().size(); ++index) {
        const auto &  segment = part.factor->segments()[index];
        const int64_t column  = part.first + segment.first;
        const size_t  bytes   = ggml_row_size(task.target_type, segment.length);
        aim(task, part, index, values, rows, done, scratch);
        quantize_plain(task, scratch.targets.data(), scratch.blocks.data(), rows, segment.length, importance + column);
        if (part.codes) {
            for (int64_t row = 0; row < rows; ++row) {
                part.codes->choose(scratch.targets.data() + row * segment.length, part.factor->within(index), segment.length,
                                   scratch.blocks.data() + row * bytes, scratch.codes);
            }
        }
        to_floats(task.target_type, scratch.blocks.data(), scratch.values.data(), rows * segment.length);
        for (int64_t row = 0; row < rows; ++row) {
            const float * wanted = values + row * task.columns + column;
            const float * got    = scratch.values.data() + row * segment.length;
            float *       error  = scratch.errors.data() + row * part.columns + done;
            for (int64_t i = 0; i < segment.length; ++i) {
                error[i] = wanted[i] - got[i];
            }
            std::copy_n(scratch.blocks.data() + row * bytes, bytes, blocks + row * row_bytes + ggml_row_size(task.target_type, column));
        }
        done += segment.length;
    }
}

} // namespace snug
