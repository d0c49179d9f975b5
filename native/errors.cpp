#include "errors.h"

#include <new>

namespace snug {

const char * name_of(Code code) {
    static const char * const names[] = {
#define SNUG_ERROR(name) #name,
#include "error_codes.def"
#undef SNUG_ERROR
    };
    return names[static_cast<size_t>(code)];
}

Failure current_failure() {
    try {
        throw;
    } catch (const Failure & failure) {
        return failure;
    } catch (const std::bad_alloc &) {
        return { Code::OUT_OF_MEMORY, "not enough memory" };
    } catch (const std::exception & error) {
        return { Code::NATIVE, error.what() };
    } catch (...) {
        return { Code::NATIVE, "unknown failure" };
    }
}

} // namespace snug
