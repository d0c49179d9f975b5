// What processors share that add the products of four bytes up, for files that have said add_fours.

namespace snug::kernels {

namespace {

// where products take a factor that is in two bytes of four: the low half of a row's lane
constexpr uint32_t factor_places(uint32_t two) { return two | 0x80800000; }

SNUG_OPERATION int32_t less_of(const int8_t * four, int times) { return -times * (four[0] + four[1] + four[2] + four[3]); }

SNUG_OPERATION Ints products_of(Ints codes, const int8_t * values) { return add_fours(none(), codes, each(values)); }
SNUG_OPERATION Ints products_of(Ints codes, const int8_t * values, const int32_t * less) {
    return add_fours(each(less), codes, each(values));
}

} // namespace

} // namespace snug::kernels

#include "rows.h"
