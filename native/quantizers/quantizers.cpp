#include "quantizers.h"

#include "asymmetric.h"
#include "comparison.h"
#include "iq1.h"
#include "iq2.h"
#include "iq3.h"
#include "iq4.h"
#include "symmetric.h"

#include <array>
#include <atomic>
#include <mutex>

namespace snug {

namespace {

enum class Verdict : int8_t { none, same, different };

// What is known of a type in this process.
struct Known {
    std::mutex           comparing;
    std::atomic<Verdict> verdict{ Verdict::none };
    std::atomic<bool>    made_by_ggml{ false };
};

Known & known(ggml_type type) {
    static std::array<Known, GGML_TYPE_COUNT> all;
    return all[type];
}

// Our own quantizer to a type if its blocks are ggml's, which is compared unless it is known.
Quantizer checked_quantizer(ggml_type type) {
    const Quantizer own = own_quantizer(type);
    if (!own) {
        return nullptr;
    }
    auto & of_type = known(type);
    if (of_type.verdict == Verdict::none) {
        std::lock_guard<std::mutex> lock(of_type.comparing);
        if (of_type.verdict == Verdict::none) {
            of_type.verdict = makes_the_blocks_of_ggml(type, own) ? Verdict::same : Verdict::different;
        }
    }
    return of_type.verdict == Verdict::same ? own : nullptr;
}

} // namespace

Quantizer own_quantizer(ggml_type type) {
#if defined(SNUG_OWN_QUANTIZERS)
    switch (type) {
#    if defined(SNUG_SORTS_LIKE_GGML)
        case GGML_TYPE_IQ1_S: return iq1_s_quantizer();
        case GGML_TYPE_IQ1_M: return iq1_m_quantizer();
#    endif
        case GGML_TYPE_Q2_K:    return q2_k_quantizer();
        case GGML_TYPE_Q3_K:    return q3_k_quantizer();
        case GGML_TYPE_Q4_K:    return q4_k_quantizer();
        case GGML_TYPE_Q5_K:    return q5_k_quantizer();
        case GGML_TYPE_Q6_K:    return q6_k_quantizer();
        case GGML_TYPE_IQ2_XXS: return iq2_xxs_quantizer();
        case GGML_TYPE_IQ2_XS:  return iq2_xs_quantizer();
        case GGML_TYPE_IQ2_S:   return iq2_s_quantizer();
        case GGML_TYPE_IQ3_XXS: return iq3_xxs_quantizer();
        case GGML_TYPE_IQ3_S:   return iq3_s_quantizer();
        case GGML_TYPE_IQ4_NL:  return iq4_nl_quantizer();
        case GGML_TYPE_IQ4_XS:  return iq4_xs_quantizer();
        default:                return nullptr;
    }
#else
    (void)type;
    return nullptr;
#endif
}

bool has_own_quantizer(ggml_type type) { return checked_quantizer(type) != nullptr; }

void trust(const ComparedType & compared) {
    auto &                      of_type = known(compared.type);
    std::lock_guard<std::mutex> lock(of_type.comparing);
    if (of_type.verdict == Verdict::none) {
        of_type.verdict = compared.same ? Verdict::same : Verdict::different;
    }
}

std::vector<ComparedType> compared_types() {
    std::vector<ComparedType> found;
    for (int i = 0; i < GGML_TYPE_COUNT; ++i) {
        const auto    type    = static_cast<ggml_type>(i);
        const Verdict verdict = known(type).verdict;
        if (verdict != Verdict::none) {
            found.push_back({ type, verdict == Verdict::same });
        }
    }
    return found;
}

bool was_made_by_ggml(ggml_type type) { return known(type).made_by_ggml; }

size_t quantize_by_ggml(ggml_type type, const float * values, void * blocks, int64_t rows, int64_t columns, const float * importance) {
    known(type).made_by_ggml = true;
    return ggml_quantize_chunk(type, values, blocks, 0, rows, columns, importance);
}

size_t quantize_rows(ggml_type type, const float * values, void * blocks, int64_t rows, int64_t columns, const float * importance) {
    const Quantizer own = importance ? checked_quantizer(type) : nullptr;
    if (!own) {
        return quantize_by_ggml(type, values, blocks, rows, columns, importance);
    }
    own(values, blocks, rows, columns, importance);
    return ggml_row_size(type, columns) * rows;
}

} // namespace snug
