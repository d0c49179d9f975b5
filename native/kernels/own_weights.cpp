// ggml's CPU backend keeps some weights in a buffer type of another layout, which brings the products with it (ggml-cpu/repack.cpp). It is
// found by name in every platform package, and its fields may be written to: here it is made to keep the types that we have kernels for as
// well, in our layout. A buffer type beside it would need a function that the packages for Windows don't export.
#include "own_weights.h"

#include "cpu_backend.h"
#include "family.h"
#include "one_product.h"
#include "product.h"

#include "../backends.h"

#include "ggml-cpp.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace snug::kernels {

namespace {

constexpr const char * BUFFER_TYPE = "CPU_REPACK";

// by their types: those in layouts that take little more room than ggml's blocks, and those that take much more
using ByType = std::array<const Family *, GGML_TYPE_COUNT>;
ByType lean{}, wide{};

thread_local bool wide_allowed = false;

// for a weight that is yet to be loaded
const Family * family_for(ggml_type type) { return wide_allowed && wide[type] ? wide[type] : lean[type]; }

bool fits(const ggml_tensor * weight) {
    return weight->ne[0] > 0 && weight->ne[0] % BLOCK == 0 && weight->ne[1] > 0 && weight->ne[2] == 1 && weight->ne[3] == 1 &&
           ggml_is_contiguous(weight);
}

// the one that keeps a weight, or would; null where ggml does
const Family * family_of_weight(const ggml_tensor * weight) {
    if (weight->extra) {
        return family_of(weight->extra);
    }
    return fits(weight) ? family_for(weight->type) : nullptr;
}

Shape shape_of(const ggml_tensor * weight) { return { weight->ne[0] / BLOCK, weight->ne[1] }; }

// the buffer type and its buffers as ggml made them
struct Original {
    Arrangement *                                arrangement;
    ggml_backend_buffer_type_i                   type;
    decltype(ggml_backend_buffer_i::init_tensor) init_tensor;
    decltype(ggml_backend_buffer_i::set_tensor)  set_tensor;
};

Original original{};

class WithOurs final : public Arrangement {
  public:
    bool supports_op(ggml_backend_dev_t device, const ggml_tensor * operation) override {
        const auto * weight = operation->src[0];
        if (!weight || !family_of_weight(weight)) {
            return original.arrangement->supports_op(device, operation);
        }
        const auto * input = operation->src[1];
        return operation->op == GGML_OP_MUL_MAT && input->type == GGML_TYPE_F32 && input->nb[0] == sizeof(float) &&
               (!input->buffer || ggml_backend_buft_is_host(input->buffer->buft));
    }

    // ggml's finds what init_tensor noted, also for ours
    Operation * operation_of(const ggml_tensor * operation) override { return original.arrangement->operation_of(operation); }
};

size_t bytes_of(ggml_backend_buffer_type_t type, const ggml_tensor * tensor) {
    if (const auto * family = family_of_weight(tensor)) {
        return family->bytes(tensor->type, shape_of(tensor));
    }
    return original.type.get_alloc_size ? original.type.get_alloc_size(type, tensor) : ggml_nbytes(tensor);
}

// ggml's weights need less, and ours lie behind them and behind tiles of other sizes.
size_t alignment_of(ggml_backend_buffer_type_t type) { return std::max(ALIGNMENT, original.type.get_alignment(type)); }

ggml_status init_tensor(ggml_backend_buffer_t buffer, ggml_tensor * tensor) {
    const auto * family = family_of_weight(tensor);
    if (!family) {
        return original.init_tensor(buffer, tensor);
    }
    tensor->extra = &product_of(*family);
    return GGML_STATUS_SUCCESS;
}

void set_tensor(ggml_backend_buffer_t buffer, ggml_tensor * tensor, const void * data, size_t offset, size_t size) {
    const auto * family = family_of_weight(tensor);
    if (!family) {
        original.set_tensor(buffer, tensor, data, offset, size);
        return;
    }
    // as for ggml's own: a part of a tensor has no place in another layout
    GGML_ASSERT(offset == 0 && size == ggml_nbytes(tensor));
    family->pack(tensor->type, data, shape_of(tensor), tensor->data);
}

ggml_backend_buffer_t alloc_buffer(ggml_backend_buffer_type_t type, size_t bytes) {
    auto * buffer = original.type.alloc_buffer(type, bytes);
    if (buffer) {
        buffer->iface.init_tensor = init_tensor;
        buffer->iface.set_tensor  = set_tensor;
    }
    return buffer;
}

ggml_backend_buffer_type_t find_buffer_type() {
    const auto extra_of = cpu_function<ggml_backend_dev_get_extra_bufts_t>("ggml_backend_dev_get_extra_bufts");
    for (auto * type = extra_of ? extra_of(cpu_device()) : nullptr; type && *type; ++type) {
        if (std::strcmp(ggml_backend_buft_name(*type), BUFFER_TYPE) == 0) {
            return *type;
        }
    }
    return nullptr;
}

bool has_functions(ggml_backend_buffer_type_t type) {
    const ggml_backend_buffer_ptr buffer(ggml_backend_buft_alloc_buffer(type, 1));
    if (!buffer || !buffer->iface.init_tensor || !buffer->iface.set_tensor) {
        return false;
    }
    original = { static_cast<Arrangement *>(type->context), type->iface, buffer->iface.init_tensor, buffer->iface.set_tensor };
    return true;
}

// Whether ggml keeps weights of a type in a layout of its own here. It adds up in another order then, and is quick by itself.
bool arranged_by_ggml(ggml_backend_buffer_type_t buffer_type, ggml_type type) {
    constexpr int64_t             ROWS = 64; // whole groups of all its layouts
    const ggml_context_ptr        context(ggml_init({ ggml_tensor_overhead(), nullptr, true }));
    const ggml_backend_buffer_ptr buffer(original.type.alloc_buffer(buffer_type, 1));
    auto *                        weight = ggml_new_tensor_2d(context.get(), type, BLOCK, ROWS);
    return !buffer || original.init_tensor(buffer.get(), weight) != GGML_STATUS_SUCCESS || weight->extra != nullptr;
}

// Gives each type to the first lean and the first wide family that have kernels for it and multiply as ggml does.
void take_types(ggml_backend_buffer_type_t buffer_type, const std::vector<const Family *> & families, OwnKernels & own) {
    for (const auto * family : families) {
        ByType & taken = family->is_wide() ? wide : lean;
        for (const auto type : family->types()) {
            if (taken[type] || arranged_by_ggml(buffer_type, type)) {
                continue;
            }
            taken[type] = family;
            product_of(*family);
            if (!multiplies_as_ggml(type, family->is_wide())) {
                taken[type] = nullptr;
                continue;
            }
            own.name = family->name();
            if (std::find(own.types.begin(), own.types.end(), type) == own.types.end()) {
                own.types.push_back(type);
            }
        }
    }
}

} // namespace

Wide::Wide(bool allowed) : before(wide_allowed) { wide_allowed = allowed; }

Wide::~Wide() { wide_allowed = before; }

OwnKernels take_weights() {
    const auto ours = families();
    if (ours.empty()) {
        return { "", {}, "there are none for this processor" };
    }
    auto * type = find_buffer_type();
    if (!type || !type->context || !has_functions(type)) {
        return { "", {}, std::string("llama.cpp's build for this processor has no buffers of the type ") + BUFFER_TYPE };
    }
    static WithOurs with_ours;
    type->context              = &with_ours;
    type->iface.alloc_buffer   = alloc_buffer;
    type->iface.get_alloc_size = bytes_of;
    type->iface.get_alignment  = alignment_of;
    OwnKernels own;
    take_types(type, ours, own);
    if (own.types.empty()) {
        type->context = original.arrangement;
        type->iface   = original.type;
        own.why_not   = "they multiply otherwise than llama.cpp's here";
    }
    return own;
}

} // namespace snug::kernels
