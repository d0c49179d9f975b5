#pragma once

#include "feed_grams.h"
#include "feed_rows.h"
#include "quantize_task.h"

#include <functional>
#include <string>
#include <vector>

namespace snug {

struct Feed {
    std::string          name; // of the tensor, for errors
    std::string          gram_path;
    std::string          held_out_path;
    std::vector<int64_t> blocks;
    std::vector<float>   dampings; // shares of the mean diagonal to choose from, ascending
    uint32_t             seed;     // of the rows that they are chosen on
};

// How a part's errors are fed on.
struct PartChoice {
    float damping;
    Order order;
    bool  within;
};

struct FeedChoice {
    std::vector<FedPart>    parts; // empty: the plain blocks are kept
    std::vector<PartChoice> chosen;
    std::vector<float>      importance; // [columns]
    int64_t                 sampled_rows;
    // tr((W − Q)·H·(W − Q)ᵀ) / tr(W·H·Wᵀ) of the sampled rows with the held-out H
    double plain_error;
    double fed_error;
};

// How many ways are tried at most; `on_try` is called as often.
int64_t most_tries(const Feed & feed);

// Chooses damping, order and whether codes are chosen anew by the held-out error of a sample of rows, for every block of the gram file by itself.
// Throws Failure INCOHERENT for sums or weights that are not finite, FILE, CANCELLED.
FeedChoice choose_feed(const QuantizeTask & task, const Feed & feed, const File & source, const Abort & abort,
                       const std::function<void()> & on_try);

} // namespace snug
