#pragma once

#include "feed_codes.h"
#include "feed_factor.h"
#include "quantize_task.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace snug {

// Columns of a tensor that feed their errors to each other: a block of its gram file.
struct FedPart {
    int64_t                       first;
    int64_t                       columns;
    std::shared_ptr<const Factor> factor;
    // chooses codes anew under the scales that ggml chose; null: leaves what ggml chose
    std::shared_ptr<const Codes> codes;
};

// What a thread needs to feed errors through some rows.
struct FedRows {
    std::vector<float>   errors;  // W − Q of the segments that are done [rows × columns]
    std::vector<float>   targets; // of a segment [rows × length]
    std::vector<float>   values;  // what its blocks stand for [rows × length]
    std::vector<uint8_t> blocks;  // of a segment
    CodeScratch          codes;
};

// Quantizes the part's columns of some rows. `values` [rows × task.columns], `importance` [task.columns], `blocks`: whole rows.
void feed_through(const QuantizeTask & task, const FedPart & part, const float * importance, const float * values, int64_t rows,
                  uint8_t * blocks, FedRows & scratch);

} // namespace snug
