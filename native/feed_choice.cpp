#include "feed_choice.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace snug {

namespace {

// Enough rows to tell the ways apart: the errors of a row's ways go up and down together, so that their ratio needs fewer rows than either.
constexpr int64_t SAMPLED_ROWS = 96;
constexpr int64_t STRIP_ROWS   = 48;
// Fed blocks must be better by more than chance among the sampled rows.
constexpr double CLEARLY_LESS = 0.99;

std::vector<int64_t> sampled_rows(int64_t rows, uint32_t seed) {
    std::vector<int64_t> all(rows);
    std::iota(all.begin(), all.end(), 0);
    const int64_t count = std::min(rows, SAMPLED_ROWS);
    std::mt19937  random(seed);
    // not std::shuffle, whose order each library chooses for itself
    for (int64_t i = 0; i < count; ++i) {
        std::swap(all[i], all[i + random() % (rows - i)]);
    }
    all.resize(count);
    std::sort(all.begin(), all.end());
    return all;
}

// Some rows of the tensor, and the ways to quantize them.
class Sample {
  public:
    Sample(const QuantizeTask & task, const File & source, uint32_t seed) : task(task) {
        const auto           picked = sampled_rows(task.rows, seed);
        std::vector<uint8_t> packed;
        rows = static_cast<int64_t>(picked.size());
        values.resize(rows * task.columns);
        for (int64_t i = 0; i < rows; ++i) {
            read_rows(task, source, picked[i], 1, packed, values.data() + i * task.columns);
        }
        blocks.resize(rows * ggml_row_size(task.target_type, task.columns));
    }

    void quantize_plainly(const float * importance) {
        in_strips([&](int64_t first, int64_t count, uint8_t * target) {
            quantize_plain(task, values.data() + first * task.columns, target, count, task.columns, importance);
        });
    }

    void feed(const FedPart & part, const float * importance) {
        in_strips([&](int64_t first, int64_t count, uint8_t * target) {
            FedRows scratch;
            feed_through(task, part, importance, values.data() + first * task.columns, count, target, scratch);
        });
    }

    // Σ e·H·eᵀ over the rows, e: the columns of a part, of the weights themselves or of what the blocks leave
    double output_error(const FedPart & part, const std::vector<float> & gram, bool of_weights) const {
        const auto          errors = part_of_rows(part, of_weights);
        const int64_t       step = Factor::SEGMENT, count = (part.columns + step - 1) / step;
        std::vector<double> sums(count, 0);
        for_each_index(task.threads, count, [&](int64_t index) {
            const int64_t      first = index * step, length = std::min(step, part.columns - first);
            std::vector<float> product(rows * length, 0);
            Panels(gram.data() + first, part.columns, length, part.columns, 1)
                .add_product(errors.data(), part.columns, rows, product.data(), length, 1);
            for (int64_t row = 0; row < rows; ++row) {
                for (int64_t i = 0; i < length; ++i) {
                    sums[index] += static_cast<double>(product[row * length + i]) * errors[row * part.columns + first + i];
                }
            }
        });
        return std::accumulate(sums.begin(), sums.end(), 0.0);
    }

    int64_t count() const { return rows; }

  private:
    const QuantizeTask & task;
    int64_t              rows;
    std::vector<float>   values;
    std::vector<uint8_t> blocks;

    void in_strips(const std::function<void(int64_t, int64_t, uint8_t *)> & work) {
        const size_t row_bytes = ggml_row_size(task.target_type, task.columns);
        for_each_index(task.threads, (rows + STRIP_ROWS - 1) / STRIP_ROWS, [&](int64_t strip) {
            const int64_t first = strip * STRIP_ROWS;
            work(first, std::min(STRIP_ROWS, rows - first), blocks.data() + first * row_bytes);
        });
    }

    std::vector<float> part_of_rows(const FedPart & part, bool of_weights) const {
        const size_t       row_bytes = ggml_row_size(task.target_type, task.columns), before = ggml_row_size(task.target_type, part.first);
        std::vector<float> result(rows * part.columns, 0);
        for (int64_t row = 0; row < rows; ++row) {
            float *       out    = result.data() + row * part.columns;
            const float * wanted = values.data() + row * task.columns + part.first;
            if (!of_weights) {
                to_floats(task.target_type, blocks.data() + row * row_bytes + before, out, part.columns);
            }
            for (int64_t i = 0; i < part.columns; ++i) {
                out[i] = wanted[i] - out[i];
            }
        }
        return result;
    }
};

// One block of the gram file.
class PartChooser {
  public:
    PartChooser(const QuantizeTask & task, const Feed & feed, const Abort & abort, const std::function<void()> & on_try, Sample & sample) :
        task(task), feed(feed), abort(abort), on_try(on_try), sample(sample), all_codes(Codes::of(task.target_type)) {}

    // the best way to feed the part's errors on; a part without a factor where none is sound
    void choose(FedPart & best, PartChoice & chosen, double & error, const std::vector<float> & gram, const std::vector<float> & held_out,
                const float * importance) {
        const auto attempt = [&](PartChoice choice, std::shared_ptr<const Factor> factor) -> bool {
            throw_if_aborted(abort);
            on_try();
            if (!factor) {
                factor = std::make_shared<Factor>(gram, best.columns, choice.damping, choice.order, task.threads, abort);
            }
            if (!factor->sound()) {
                return false;
            }
            const FedPart part{ best.first, best.columns, factor, choice.within ? all_codes : nullptr };
            sample.feed(part, importance);
            const double reached = sample.output_error(part, held_out, false);
            if (best.factor && !(reached < error)) {
                return false;
            }
            error  = reached;
            best   = part;
            chosen = choice;
            return true;
        };
        // the error falls to one side of the best damping and rises to the other: from the middle on, as long as it falls
        const int  middle = static_cast<int>(feed.dampings.size() / 2), count = static_cast<int>(feed.dampings.size());
        const auto damp = [&](int index) { return attempt({ feed.dampings[index], Order::natural, all_codes != nullptr }, nullptr); };
        if (count > 0) {
            damp(middle);
        }
        bool rose = false;
        for (int index = middle + 1; index < count && damp(index); ++index) {
            rose = true;
        }
        for (int index = middle - 1; !rose && index >= 0 && damp(index); --index) {
        }
        if (best.factor && best.factor->segments().size() > 1) {
            attempt({ chosen.damping, Order::by_trace, chosen.within }, nullptr);
            if (chosen.within) {
                attempt({ chosen.damping, chosen.order, false }, best.factor);
            }
        }
    }

  private:
    const QuantizeTask &          task;
    const Feed &                  feed;
    const Abort &                 abort;
    const std::function<void()> & on_try;
    Sample &                      sample;
    std::shared_ptr<const Codes>  all_codes;
};

// the task's own importance, or the mean squares that H holds
std::vector<float> importance_of(const QuantizeTask & task, const Grams & grams, const Feed & feed) {
    if (!task.importance.empty()) {
        return task.importance;
    }
    std::vector<float> result;
    for (size_t block = 0; block < grams.blocks().size(); ++block) {
        const auto    gram    = grams.read(block, feed.name);
        const int64_t columns = grams.blocks()[block];
        for (int64_t i = 0; i < columns; ++i) {
            result.push_back(std::max(0.f, gram[i * columns + i]));
        }
    }
    return result;
}

} // namespace

int64_t most_tries(const Feed & feed) { return static_cast<int64_t>(feed.blocks.size() * (feed.dampings.size() + 2)); }

FeedChoice choose_feed(const QuantizeTask & task, const Feed & feed, const File & source, const Abort & abort,
                       const std::function<void()> & on_try) {
    const Grams grams(feed.gram_path, feed.blocks), held_out(feed.held_out_path, feed.blocks);
    Sample      sample(task, source, feed.seed);
    FeedChoice  choice{ {}, {}, importance_of(task, grams, feed), sample.count(), 0, 0 };
    double      whole = 0;
    int64_t     first = 0;
    sample.quantize_plainly(task.importance.empty() ? nullptr : task.importance.data());
    for (size_t block = 0; block < feed.blocks.size(); ++block) {
        const auto gram = held_out.read(block, feed.name);
        choice.parts.push_back({ first, feed.blocks[block], nullptr, nullptr });
        first += feed.blocks[block];
        choice.plain_error += sample.output_error(choice.parts.back(), gram, false);
        whole += sample.output_error(choice.parts.back(), gram, true);
    }
    PartChooser chooser(task, feed, abort, on_try, sample);
    bool        all_sound = true;
    for (size_t block = 0; block < feed.blocks.size(); ++block) {
        PartChoice chosen{};
        double     fed  = 0;
        auto &     part = choice.parts[block];
        chooser.choose(part, chosen, fed, grams.read(block, feed.name), held_out.read(block, feed.name), choice.importance.data());
        all_sound = all_sound && part.factor;
        choice.fed_error += fed;
        choice.chosen.push_back(chosen);
    }
    if (!all_sound || !(choice.fed_error < CLEARLY_LESS * choice.plain_error)) {
        choice.fed_error = choice.plain_error;
        choice.parts.clear();
        choice.chosen.clear();
    }
    choice.plain_error = whole > 0 ? choice.plain_error / whole : 0;
    choice.fed_error   = whole > 0 ? choice.fed_error / whole : 0;
    return choice;
}

} // namespace snug
