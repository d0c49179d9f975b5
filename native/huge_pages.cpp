// Decoding reads every weight once a token, and with pages of 4 KiB each of them has to be looked up: a third of the time was measured on a
// virtual machine. Most Linux systems give huge pages only to who asks (/sys/kernel/mm/transparent_hugepage/enabled says "madvise"), and
// ggml doesn't. macOS has larger pages anyway, and Windows gives them to privileged programs alone.
#include "huge_pages.h"

#ifdef __linux__
#    include "backends.h"

#    include "ggml-backend-impl.h"

#    include <cstdint>
#    include <map>
#    include <sys/mman.h>
#endif

namespace snug {

#ifdef __linux__

namespace {

using Allocate = decltype(ggml_backend_buffer_type_i::alloc_buffer);

constexpr uintptr_t HUGE_PAGE = 2 << 20; // of x86 and of ARM with pages of 4 KiB
// From here on the C library gives memory back to the system as it is freed (mallopt(3), M_MMAP_THRESHOLD). What is smaller may lie in its
// heap, which would keep huge pages for whatever comes next and take more memory with them.
constexpr size_t LEAST_BYTES = 32 << 20;

std::map<ggml_backend_buffer_type_t, Allocate> & originals() {
    static std::map<ggml_backend_buffer_type_t, Allocate> functions;
    return functions;
}

// Only what lies wholly within the buffer: it takes no more memory so. Where the system says no, small pages do.
void ask_for_huge_pages(void * base, size_t bytes) {
    if (bytes < LEAST_BYTES) {
        return;
    }
    const auto start = (reinterpret_cast<uintptr_t>(base) + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    const auto end   = (reinterpret_cast<uintptr_t>(base) + bytes) / HUGE_PAGE * HUGE_PAGE;
    if (start < end) {
        madvise(reinterpret_cast<void *>(start), end - start, MADV_HUGEPAGE);
    }
}

ggml_backend_buffer_t allocate(ggml_backend_buffer_type_t type, size_t bytes) {
    auto * buffer = originals().at(type)(type, bytes);
    if (buffer) {
        ask_for_huge_pages(ggml_backend_buffer_get_base(buffer), ggml_backend_buffer_get_size(buffer));
    }
    return buffer;
}

void take(ggml_backend_buffer_type_t type) {
    if (originals().emplace(type, type->iface.alloc_buffer).second) {
        type->iface.alloc_buffer = allocate;
    }
}

} // namespace

void use_huge_pages() {
    take(ggml_backend_dev_buffer_type(cpu_device()));
    const auto extra_of = cpu_function<ggml_backend_dev_get_extra_bufts_t>("ggml_backend_dev_get_extra_bufts");
    for (auto * type = extra_of ? extra_of(cpu_device()) : nullptr; type && *type; ++type) {
        take(*type);
    }
}

#else

void use_huge_pages() {}

#endif

} // namespace snug
