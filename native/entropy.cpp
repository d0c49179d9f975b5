// K-means over one layer's output tokens: Lloyd's algorithm with k-means++ seeding. The distances are one matrix product
// per round, run by ggml with the CPU variant that fits this machine. LUQ (Bhatnagar et al. 2026), step 3.
#include "abort_flag.h"
#include "addon.h"
#include "arguments.h"
#include "backends.h"
#include "files.h"
#include "guard.h"
#include "support.h"

#include "ggml-alloc.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace snug {

namespace {

struct ClusterTask {
    std::string          path;
    uint64_t             offset;
    int64_t              dimensions;
    std::vector<int32_t> rows; // which rows of the layer's sample take part
    int32_t              clusters;
    uint32_t             seed;
    int32_t              max_rounds;
    int                  threads;
};

constexpr int64_t MOST_DIMENSIONS = 1 << 20;
constexpr int64_t MOST_CLUSTERS   = 1 << 20;
constexpr int64_t MOST_ROUNDS     = 1'000'000;

ClusterTask read_cluster_task(const Napi::Object & options) {
    ClusterTask task;
    task.path       = read_string(options, "path");
    task.offset     = read_integer<uint64_t>(options, "offset", 0, MOST_FILE_BYTES);
    task.dimensions = read_integer<int64_t>(options, "dimensions", 1, MOST_DIMENSIONS);
    task.clusters   = read_integer(options, "clusters", 1, MOST_CLUSTERS);
    task.seed       = read_seed(options);
    task.max_rounds = read_integer(options, "maxRounds", 1, MOST_ROUNDS);
    task.threads    = read_threads(options);
    task.rows       = read_int32_array(options.Get("rows"), "rows");
    if (std::any_of(task.rows.begin(), task.rows.end(), [](int32_t row) { return row < 0; })) {
        throw wrong(options.Env(), "rows", "numbers of rows, from 0 on");
    }
    return task;
}

// points [count × dimensions], moved to their mean: distances stay, and the products that give them lose fewer digits
struct Points {
    int64_t            count;
    int64_t            dimensions;
    std::vector<float> values;
    std::vector<float> norms; // squared lengths

    const float * at(int64_t index) const { return values.data() + index * dimensions; }
};

Points read_points(const ClusterTask & task) {
    Points       points{ static_cast<int64_t>(task.rows.size()), task.dimensions, {}, {} };
    const size_t row_bytes = points.dimensions * sizeof(float);
    File         file(task.path, File::Mode::read);
    file.require(row_bytes * (*std::max_element(task.rows.begin(), task.rows.end()) + uint64_t(1)), task.offset);
    points.values.resize(points.count * points.dimensions);
    std::vector<double> mean(points.dimensions, 0);
    for (int64_t i = 0; i < points.count; ++i) {
        float * row = points.values.data() + i * points.dimensions;
        file.read_at(row, row_bytes, task.offset + static_cast<uint64_t>(task.rows[i]) * row_bytes);
        for (int64_t j = 0; j < points.dimensions; ++j) {
            mean[j] += row[j];
        }
    }
    points.norms.assign(points.count, 0);
    for (int64_t i = 0; i < points.count; ++i) {
        float * row = points.values.data() + i * points.dimensions;
        double  sum = 0;
        for (int64_t j = 0; j < points.dimensions; ++j) {
            row[j] -= static_cast<float>(mean[j] / points.count);
            sum += static_cast<double>(row[j]) * row[j];
        }
        points.norms[i] = static_cast<float>(sum);
        if (!std::isfinite(sum)) {
            throw Failure(Code::INCOHERENT, "a layer output is not finite: the model is broken or overflows");
        }
    }
    return points;
}

// products[point][centre] = point · centre
class Products {
  public:
    Products(const Points & points, int64_t centres, int threads) :
        cpu(threads), context(ggml_init({ 8 * ggml_tensor_overhead() + ggml_graph_overhead(), nullptr, true })) {
        centre_tensor = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, points.dimensions, centres);
        point_tensor  = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, points.dimensions, points.count);
        result        = ggml_mul_mat(context.get(), centre_tensor, point_tensor);
        graph         = ggml_new_graph(context.get());
        ggml_build_forward_expand(graph, result);
        buffer.reset(ggml_backend_alloc_ctx_tensors(context.get(), cpu.backend.get()));
        if (!buffer) {
            throw std::bad_alloc();
        }
        ggml_backend_tensor_set(point_tensor, points.values.data(), 0, points.values.size() * sizeof(float));
        values.resize(points.count * centres);
    }

    const std::vector<float> & run(const std::vector<float> & centres) {
        ggml_backend_tensor_set(centre_tensor, centres.data(), 0, centres.size() * sizeof(float));
        cpu.compute(graph, "the distances of tokens");
        ggml_backend_tensor_get(result, values.data(), 0, values.size() * sizeof(float));
        return values;
    }

  private:
    CpuBackend              cpu;
    ggml_context_ptr        context;
    ggml_backend_buffer_ptr buffer;
    ggml_tensor *           centre_tensor;
    ggml_tensor *           point_tensor;
    ggml_tensor *           result;
    ggml_cgraph *           graph;
    std::vector<float>      values;
};

double distance(const float * a, const float * b, int64_t dimensions) {
    float sum = 0;
    for (int64_t i = 0; i < dimensions; ++i) {
        const float difference = a[i] - b[i];
        sum += difference * difference;
    }
    return sum;
}

// a uniform number in [0, 1) that is the same with every standard library, unlike std::uniform_real_distribution
double uniform(std::mt19937 & random) { return random() / 4294967296.0; }

// k-means++ (Arthur and Vassilvitskii 2007): each next centre is a point drawn in proportion to its squared distance
std::vector<float> seed_centres(const Points & points, int32_t clusters, std::mt19937 & random, const Abort & abort) {
    std::vector<float>  centres(static_cast<size_t>(clusters) * points.dimensions);
    std::vector<double> nearest(points.count, std::numeric_limits<double>::max());
    int64_t             chosen = static_cast<int64_t>(uniform(random) * points.count);
    for (int32_t k = 0; k < clusters; ++k) {
        throw_if_aborted(abort);
        std::copy(points.at(chosen), points.at(chosen) + points.dimensions, centres.begin() + k * points.dimensions);
        double total = 0;
        for (int64_t i = 0; i < points.count; ++i) {
            nearest[i] = std::min(nearest[i], distance(points.at(i), points.at(chosen), points.dimensions));
            total += nearest[i];
        }
        double target = uniform(random) * total;
        chosen        = points.count - 1;
        for (int64_t i = 0; i < points.count; ++i) {
            target -= nearest[i];
            if (target < 0) {
                chosen = i;
                break;
            }
        }
    }
    return centres;
}

struct Clustering {
    std::vector<int32_t> assignment; // cluster of each point
    int32_t              rounds  = 0;
    double               inertia = 0; // Σ squared distance to the own centre
};

// one round's assignment; returns how many points changed cluster
int64_t assign(const Points & points, const std::vector<float> & centres, const std::vector<float> & products, int32_t clusters,
               Clustering & clustering) {
    std::vector<float> centre_norms(clusters);
    for (int32_t k = 0; k < clusters; ++k) {
        double sum = 0;
        for (int64_t j = 0; j < points.dimensions; ++j) {
            const double value = centres[k * points.dimensions + j];
            sum += value * value;
        }
        centre_norms[k] = static_cast<float>(sum);
    }
    int64_t changed    = 0;
    clustering.inertia = 0;
    for (int64_t i = 0; i < points.count; ++i) {
        const float * row   = products.data() + i * clusters;
        int32_t       best  = 0;
        float         least = std::numeric_limits<float>::max();
        for (int32_t k = 0; k < clusters; ++k) {
            const float value = centre_norms[k] - 2 * row[k];
            if (value < least) {
                least = value;
                best  = k;
            }
        }
        clustering.inertia += std::max(0.0, static_cast<double>(least) + points.norms[i]);
        changed += clustering.assignment[i] != best;
        clustering.assignment[i] = best;
    }
    return changed;
}

// means of the clusters; a cluster that lost its last point keeps its centre
void move_centres(const Points & points, const Clustering & clustering, int32_t clusters, std::vector<float> & centres) {
    std::vector<double>  sums(centres.size(), 0);
    std::vector<int64_t> sizes(clusters, 0);
    for (int64_t i = 0; i < points.count; ++i) {
        const int32_t k = clustering.assignment[i];
        ++sizes[k];
        for (int64_t j = 0; j < points.dimensions; ++j) {
            sums[k * points.dimensions + j] += points.at(i)[j];
        }
    }
    for (int32_t k = 0; k < clusters; ++k) {
        for (int64_t j = 0; sizes[k] > 0 && j < points.dimensions; ++j) {
            centres[k * points.dimensions + j] = static_cast<float>(sums[k * points.dimensions + j] / sizes[k]);
        }
    }
}

Clustering cluster(const ClusterTask & task, const Abort & abort) {
    if (static_cast<int64_t>(task.rows.size()) < task.clusters) {
        throw Failure(Code::TOO_FEW_TOKENS, std::to_string(task.rows.size()) + " tokens cannot be put into " +
                                                std::to_string(task.clusters) + " clusters; at least " + std::to_string(task.clusters) +
                                                " are needed");
    }
    // the points, the centres, and a product of each with each, which the backend keeps too
    const double points_and_centres = static_cast<double>(task.rows.size()) + task.clusters;
    require_memory(4 * (points_and_centres * task.dimensions + 2.0 * task.rows.size() * task.clusters), "the clusters");
    const auto   points = read_points(task);
    std::mt19937 random(task.seed);
    auto         centres = seed_centres(points, task.clusters, random, abort);
    Products     products(points, task.clusters, task.threads);
    Clustering   clustering;
    clustering.assignment.assign(points.count, -1);
    while (clustering.rounds < task.max_rounds) {
        throw_if_aborted(abort);
        ++clustering.rounds;
        if (assign(points, centres, products.run(centres), task.clusters, clustering) == 0) {
            break;
        }
        move_centres(points, clustering, task.clusters, centres);
    }
    return clustering;
}

Napi::Value cluster_tokens(const Napi::CallbackInfo & info) {
    auto       task   = std::make_shared<ClusterTask>(read_cluster_task(read_object(info[0], "the task")));
    const auto abort  = AbortFlag::from(info[1]);
    auto       result = std::make_shared<Clustering>();
    return run_async(
        info.Env(), info.Env().Undefined(), [=](const Emitter &) { *result = cluster(*task, abort); },
        [=](Napi::Env env) {
            auto object = Napi::Object::New(env);
            object.Set("assignment", array_of<Napi::Int32Array>(env, result->assignment));
            object.Set("rounds", result->rounds);
            object.Set("inertia", result->inertia);
            return object;
        });
}

} // namespace

void define_entropy(Napi::Env env, Napi::Object exports) { define_function<cluster_tokens>(env, exports, "clusterTokens"); }

} // namespace snug
