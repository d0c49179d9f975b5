// Weights that tokens share, where four products of bytes are added up at once: times their factors.

namespace snug::kernels {

namespace {

constexpr int TOGETHER = 8;

// times a factor that stands in the low halves
SNUG_OPERATION Ints shared_weights(Ints weights, Ints factor) {
    const Ints factors = both(factor, ints_up<16>(factor));
    const Ints even    = masked_words(times_words(weights, factors), 0x00ff);
    return both(even, times_words(masked_words(weights, 0xff00), factors));
}

SNUG_OPERATION Ints add_shared(Ints sum, Ints positive, Ints weights, Ints) { return add_fours(sum, positive, weights); }

} // namespace

} // namespace snug::kernels
