#include "feed_layout.h"

#include <algorithm>

namespace snug {

Layout::Layout(ggml_type type, int64_t weights_per_code) : bytes(ggml_type_size(type)) {
    const int64_t count = ggml_blck_size(type) / weights_per_code;
    for (int64_t code = 0; code < count; ++code) {
        starts.push_back(static_cast<int>(pieces.size()));
        if (weights_per_code == 1) {
            add_scalar(type, code);
        } else {
            add_vector(type, code);
        }
    }
    starts.push_back(static_cast<int>(pieces.size()));
}

// `width` bits of the code, from `from` on, stand from this bit of the block on, bytes from their lowest bit
void Layout::add(int64_t bit, int width, int from, bool shared) {
    while (width > 0) {
        const int shift = static_cast<int>(bit % 8), here = std::min(width, 8 - shift);
        pieces.push_back({ static_cast<uint16_t>(bit / 8), static_cast<uint8_t>(shift), static_cast<uint8_t>((1 << here) - 1),
                           static_cast<uint8_t>(from), shared });
        bit += here;
        from += here;
        width -= here;
    }
}

void Layout::add_scalar(ggml_type type, int64_t i) {
    // K-quants treat 128 or 64 weights at a time, with weights 32 apart in one byte
    const int64_t lane = i % 32, run = i / 32, half = i / 128, row = run % 4;
    // blocks of 32 have the second 16 in the upper halves of bytes
    const auto halves = [&](int64_t start) { add(8 * (start + lane % 16) + 4 * (lane / 16), 4, 0); };
    switch (type) {
        case GGML_TYPE_Q2_K: add(8 * (16 + 32 * half + lane) + 2 * row, 2, 0); break;
        case GGML_TYPE_Q3_K:
            add(8 * (32 + 32 * half + lane) + 2 * row, 2, 0);
            add(8 * lane + run, 1, 2);
            break;
        case GGML_TYPE_Q4_K: add(8 * (16 + 32 * (run / 2) + lane) + 4 * (run % 2), 4, 0); break;
        case GGML_TYPE_Q5_K:
            add(8 * (48 + 32 * (run / 2) + lane) + 4 * (run % 2), 4, 0);
            add(8 * (16 + lane) + run, 1, 4);
            break;
        case GGML_TYPE_Q6_K:
            add(8 * (64 * half + 32 * (row % 2) + lane) + 4 * (row / 2), 4, 0);
            add(8 * (128 + 32 * half + lane) + 2 * row, 2, 4);
            break;
        case GGML_TYPE_Q8_0:   add(8 * (2 + i), 8, 0); break;
        case GGML_TYPE_Q4_0:
        case GGML_TYPE_IQ4_NL: halves(2); break;
        case GGML_TYPE_Q4_1:   halves(4); break;
        case GGML_TYPE_Q5_0:
            halves(6);
            add(8 * 2 + i, 1, 4);
            break;
        case GGML_TYPE_Q5_1:
            halves(8);
            add(8 * 4 + i, 1, 4);
            break;
        case GGML_TYPE_IQ4_XS: halves(8 + 16 * run); break;
        default:               break;
    }
}

// index, or two of them, then signs or the shift
void Layout::add_vector(ggml_type type, int64_t group) {
    const int64_t run = group / 4, place = group % 4;
    switch (type) {
        case GGML_TYPE_IQ2_XXS:
            add(8 * (2 + 8 * run + place), 8, 0);
            add(8 * (2 + 8 * run + 4) + 7 * place, 7, 8);
            break;
        case GGML_TYPE_IQ2_XS: add(8 * (2 + 2 * group), 16, 0); break;
        case GGML_TYPE_IQ2_S:
            add(8 * (2 + group), 8, 0);
            add(8 * (66 + run) + 2 * place, 2, 8);
            add(8 * (34 + group), 8, 10);
            break;
        case GGML_TYPE_IQ3_XXS:
            add(8 * (2 + 2 * group), 16, 0);
            add(8 * (66 + 4 * run) + 7 * place, 7, 16);
            break;
        case GGML_TYPE_IQ3_S:
            add(8 * (2 + 2 * group), 8, 0);
            add(8 * (66 + run) + 2 * place, 1, 8);
            add(8 * (3 + 2 * group), 8, 9);
            add(8 * (66 + run) + 2 * place + 1, 1, 17);
            add(8 * (74 + group), 8, 18);
            break;
        case GGML_TYPE_IQ1_S:
            add(8 * (2 + group), 8, 0);
            add(8 * (34 + 2 * run) + 3 * place, 3, 8);
            add(8 * (34 + 2 * run) + 15, 1, 11, true);
            break;
        case GGML_TYPE_IQ1_M:
            add(8 * group, 8, 0);
            add(8 * (32 + group / 2) + 4 * (group % 2), 4, 8);
            break;
        default: break;
    }
}

uint32_t Layout::read(const uint8_t * block, int64_t code) const {
    uint32_t value = 0;
    for (int i = starts[code]; i < starts[code + 1]; ++i) {
        const auto & piece = pieces[i];
        value |= static_cast<uint32_t>((block[piece.byte] >> piece.shift) & piece.mask) << piece.from;
    }
    return value;
}

void Layout::write(uint8_t * block, int64_t code, uint32_t value) const {
    for (int i = starts[code]; i < starts[code + 1]; ++i) {
        const auto & piece = pieces[i];
        if (!piece.shared) {
            const uint32_t bits = (value >> piece.from) & piece.mask;
            block[piece.byte]   = static_cast<uint8_t>((block[piece.byte] & ~(piece.mask << piece.shift)) | (bits << piece.shift));
        }
    }
}

void Layout::fill(uint8_t * block, uint32_t value) const {
    for (int64_t code = 0; code < codes(); ++code) {
        write(block, code, value);
    }
}

} // namespace snug
