#include "rivals.h"

#include <algorithm>
#include <array>

namespace snug {

namespace {

// GPTQ, section 4: 1 % of the mean diagonal
constexpr float DAMPING = 0.01f;
// what it grows to where that is not enough
constexpr float MOST_DAMPING = 1;

std::vector<float> identity(int64_t columns) {
    std::vector<float> matrix(columns * columns, 0);
    for (int64_t i = 0; i < columns; ++i) {
        matrix[i * columns + i] = 1;
    }
    return matrix;
}

// R_ij / R_jj, row by row: what an error of column i of a segment moves column j by
std::vector<float> steps_within(const float * within, int64_t length) {
    std::vector<float> steps(length * length, 0);
    for (int64_t i = 0; i < length; ++i) {
        for (int64_t j = i + 1; j < length; ++j) {
            steps[i * length + j] = within[i * length + j] / within[j * length + j];
        }
    }
    return steps;
}

// Column by column; `target` is left quantized. An error is that of the weight as the segment began with it: what other columns moved it by is
// no part of it.
void quantize_columns(float * target, const Segment & segment, const float * steps, const UniformGrid & grid) {
    std::array<float, RIVAL_GROUP> before;
    std::copy_n(target, segment.length, before.data());
    for (int64_t i = 0; i < segment.length; ++i) {
        target[i]           = grid.nearest(target[i]);
        const float   error = before[i] - target[i];
        const float * step  = steps + i * segment.length;
        for (int64_t j = i + 1; j < segment.length; ++j) {
            target[j] += error * step[j];
        }
    }
}

} // namespace

Factor rival_factor(const std::vector<float> & gram, int64_t columns, const RivalWork & work) {
    for (float damping = DAMPING; damping <= MOST_DAMPING; damping *= 10) {
        Factor factor(gram, columns, damping, Order::natural, work.threads, work.abort, RIVAL_GROUP);
        if (factor.sound()) {
            return factor;
        }
    }
    return Factor(identity(columns), columns, 0, Order::natural, work.threads, work.abort, RIVAL_GROUP);
}

void gptq(const Part & part, const std::vector<float> & gram, int bits, const std::vector<UniformGrid> & rows, RivalWork & work) {
    const Factor                    factor   = rival_factor(gram, part.columns, work);
    const auto &                    segments = factor.segments();
    std::vector<std::vector<float>> steps;
    for (size_t s = 0; s < segments.size(); ++s) {
        steps.push_back(steps_within(factor.within(s), segments[s].length));
    }
    work.for_rows(part.rows, [&](int64_t first, int64_t count) {
        std::vector<float> errors(count * part.columns, 0);
        for (size_t s = 0; s < segments.size(); ++s) {
            const Segment & segment = segments[s];
            const auto      at      = [&](int64_t row) { return part.row(first + row) + segment.first; };
            for (int64_t row = 0; row < count; ++row) {
                std::copy_n(at(row), segment.length, errors.data() + row * part.columns + segment.first);
            }
            factor.feed(s).add_product(errors.data(), part.columns, count, at(0), part.step, 1);
            for (int64_t row = 0; row < count; ++row) {
                float *           target = at(row);
                const UniformGrid grid   = rows.empty() ? UniformGrid(target, segment.length, bits) : rows[first + row];
                quantize_columns(target, segment, steps[s].data(), grid);
                float * error = errors.data() + row * part.columns + segment.first;
                for (int64_t i = 0; i < segment.length; ++i) {
                    error[i] -= target[i];
                }
            }
        }
        work.finished(count * part.columns);
    });
}

} // namespace snug
