#include "rivals.h"

#include "../abort_flag.h"
#include "../addon.h"
#include "../arguments.h"
#include "../feed_grams.h"
#include "../guard.h"

#include <algorithm>

namespace snug {

namespace {

constexpr int64_t MOST_BITS         = 8;
constexpr int64_t MOST_GRAM_COLUMNS = 8192;
// Rows whose output error is told.
constexpr int64_t MEASURED_ROWS = 128;

Rival read_method(const Napi::Object & options) {
    const auto name = read_string(options, "method");
    if (name == "gptq") {
        return Rival::gptq;
    }
    if (name == "awq") {
        return Rival::awq;
    }
    if (name == "billm") {
        return Rival::billm;
    }
    throw wrong(options.Env(), "method", "gptq, awq or billm");
}

RivalTask read_rival_task(const Napi::Object & options) {
    RivalTask task;
    task.tensor       = read_quantize_task(options);
    task.gram_path    = read_string(options, "gramPath");
    task.method       = read_method(options);
    task.bits         = read_integer(options, "bits", 1, MOST_BITS, 1);
    task.groups       = read_bool(options, "groups", false);
    task.alpha        = static_cast<float>(read_number(options, "alpha", 0, 1, 0));
    const auto blocks = read_array(options.Get("blocks"), "blocks");
    for (uint32_t i = 0; i < blocks.Length(); ++i) {
        task.blocks.push_back(read_whole(blocks.Get(i), "a block", 1, MOST_GRAM_COLUMNS));
    }
    return task;
}

void check_blocks_of(const RivalTask & task) {
    int64_t sum = 0;
    for (const int64_t length : task.blocks) {
        if (length % Panels::WIDTH != 0) {
            throw Failure(Code::QUANTIZE,
                          "a block of " + std::to_string(length) + " columns does not divide by " + std::to_string(Panels::WIDTH));
        }
        sum += length;
    }
    if (sum != task.tensor.columns) {
        throw Failure(Code::QUANTIZE,
                      "the sums are over " + std::to_string(sum) + " columns, the matrix has " + std::to_string(task.tensor.columns));
    }
}

// A whole matrix as floats.
class Matrix {
  public:
    Matrix(const RivalTask & task, const RivalWork & work) : task(task.tensor), values(task.tensor.rows * task.tensor.columns) {
        const File source(this->task.source_path, File::Mode::read);
        source.require(ggml_row_size(this->task.source_type, this->task.columns) * this->task.rows, this->task.source_offset);
        for (int64_t first = 0; first < this->task.rows; first += RivalWork::SLAB) {
            throw_if_aborted(work.abort);
            read_rows(this->task, source, first, std::min(RivalWork::SLAB, this->task.rows - first), packed, row(first));
        }
    }

    Part part(int64_t first, int64_t columns) { return { values.data() + first, task.rows, task.columns, columns }; }

    void write(const RivalWork & work) const {
        const File               target(task.target_path, File::Mode::write);
        std::vector<ggml_fp16_t> halves(RivalWork::SLAB * task.columns);
        for (int64_t first = 0; first < task.rows; first += RivalWork::SLAB) {
            throw_if_aborted(work.abort);
            const int64_t count = std::min(RivalWork::SLAB, task.rows - first) * task.columns;
            ggml_fp32_to_fp16_row(values.data() + first * task.columns, halves.data(), count);
            check_blocks(task, halves.data(), count * sizeof(ggml_fp16_t));
            target.write_at(halves.data(), count * sizeof(ggml_fp16_t), first * task.columns * sizeof(ggml_fp16_t));
        }
    }

  private:
    const QuantizeTask & task;
    std::vector<float>   values;
    std::vector<uint8_t> packed;

    float * row(int64_t index) { return values.data() + index * task.columns; }
};

// Calls apply(part, H) for the columns of each block of H.
template <class Apply> void for_parts(const RivalTask & task, Matrix & matrix, Apply apply) {
    const Grams grams(task.gram_path, task.blocks);
    int64_t     first = 0;
    for (size_t i = 0; i < task.blocks.size(); ++i) {
        apply(matrix.part(first, task.blocks[i]), grams.read(i, "the matrix"));
        first += task.blocks[i];
    }
}

struct Report {
    int64_t salient = 0;
    double  error   = 0; // tr((W − Q)·H·(W − Q)ᵀ)
    double  whole   = 0; // tr(W·H·Wᵀ)
};

void check(const RivalTask & task) {
    check(task.tensor);
    check_blocks_of(task);
    if (task.tensor.target_type != GGML_TYPE_F16) {
        throw Failure(Code::QUANTIZE, "what a rival makes of a matrix is written as 16-bit floats");
    }
}

Report quantize(const RivalTask & task, const Abort & abort, const Emitter & emitter) {
    check(task);
    RivalWork                work(task.tensor.threads, task.tensor.rows * task.tensor.columns, abort, emitter);
    Matrix                   matrix(task, work);
    Report                   report;
    const bool               of_rows = task.method == Rival::gptq && !task.groups;
    std::vector<UniformGrid> grids;
    if (of_rows) {
        grids = grids_of_rows(matrix.part(0, task.tensor.columns), task.bits, work);
    }
    for_parts(task, matrix, [&](const Part & part, const std::vector<float> & gram) {
        const OutputError measured(part, gram, MEASURED_ROWS);
        switch (task.method) {
            case Rival::gptq:  gptq(part, gram, task.bits, grids, work); break;
            case Rival::awq:   awq(part, gram, task.bits, task.alpha, work); break;
            case Rival::billm: report.salient += billm(part, gram, work); break;
        }
        report.error += measured.now(work.threads);
        report.whole += measured.whole(work.threads);
    });
    matrix.write(work);
    return report;
}

// rivalTensor(task, abort, onProgress) → { salientColumns, error }: writes the weights, and tells their output error relative to the output
Napi::Value rival_tensor(const Napi::CallbackInfo & info) {
    auto       task   = std::make_shared<RivalTask>(read_rival_task(read_object(info[0], "the task")));
    auto       report = std::make_shared<Report>();
    const auto abort  = AbortFlag::from(info[1]);
    return run_async(
        info.Env(), info[2], [=](const Emitter & emitter) { *report = quantize(*task, abort, emitter); },
        [=](Napi::Env env) {
            auto result = Napi::Object::New(env);
            result.Set("salientColumns", static_cast<double>(report->salient));
            result.Set("error", report->whole > 0 ? report->error / report->whole : 0);
            return result;
        });
}

// awqErrors(task, alphas, abort) → the output error with each alpha
Napi::Value search_alpha(const Napi::CallbackInfo & info) {
    auto       task   = std::make_shared<RivalTask>(read_rival_task(read_object(info[0], "the task")));
    auto       alphas = std::make_shared<std::vector<float>>(read_float32_array(info[1], "the alphas"));
    auto       errors = std::make_shared<std::vector<double>>(alphas->size(), 0);
    const auto abort  = AbortFlag::from(info[2]);
    return run_async(
        info.Env(), info.Env().Undefined(),
        [=](const Emitter & emitter) {
            check(*task);
            RivalWork work(task->tensor.threads, 0, abort, emitter);
            Matrix    matrix(*task, work);
            for_parts(*task, matrix, [&](const Part & part, const std::vector<float> & gram) {
                const auto of_part = awq_errors(part, gram, task->bits, *alphas, work);
                std::transform(of_part.begin(), of_part.end(), errors->begin(), errors->begin(), std::plus<double>());
            });
        },
        [=](Napi::Env env) { return array_of<Napi::Float64Array>(env, *errors); });
}

} // namespace

void define_rivals(Napi::Env env, Napi::Object exports) {
    define_function<rival_tensor>(env, exports, "rivalTensor");
    define_function<search_alpha>(env, exports, "awqErrors");
}

} // namespace snug
