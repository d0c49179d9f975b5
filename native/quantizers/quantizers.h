#pragma once

#include "ggml.h"

#include <cstddef>
#include <cstdint>
#include <vector>

// Elsewhere ggml quantizes: its builds for ARM fuse multiplications with additions as their compiler chose, so that blocks come out otherwise.
#if defined(__x86_64__) && defined(__GNUC__)
#    define SNUG_OWN_QUANTIZERS
#endif

namespace snug {

// Makes the blocks of [rows × columns] values with an importance per column, in whole blocks.
using Quantizer = void (*)(const float * values, void * blocks, int64_t rows, int64_t columns, const float * importance);

// Our own quantizer to this type, or null where this build or this CPU has none.
Quantizer own_quantizer(ggml_type type);

// Whether quantize_rows() uses it: the ggml at hand makes the same blocks. That is compared once in a process, unless trust() told it.
bool has_own_quantizer(ggml_type type);

// Whether our blocks of a type were those of this ggml to the bit.
struct ComparedType {
    ggml_type type;
    bool      same;
};

// Tells what another process with the same libraries on the same processor found; what this one has found counts more.
void trust(const ComparedType & compared);

// What is known by now.
std::vector<ComparedType> compared_types();

// ggml_quantize_chunk, bit for bit; in a fraction of the time with an importance per column and where has_own_quantizer().
size_t quantize_rows(ggml_type type, const float * values, void * blocks, int64_t rows, int64_t columns, const float * importance);

// ggml_quantize_chunk itself. For types with a grid it builds tables first, once in a process, which takes seconds.
size_t quantize_by_ggml(ggml_type type, const float * values, void * blocks, int64_t rows, int64_t columns, const float * importance);

// whether that was called in this process
bool was_made_by_ggml(ggml_type type);

} // namespace snug
