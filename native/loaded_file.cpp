#include "loaded_file.h"

#ifdef _WIN32
#    define WIN32_LEAN_AND_MEAN
#    include <windows.h>

#    include <iterator>
#else
#    include <dlfcn.h>
#endif

namespace snug {

std::filesystem::path loaded_file(const void * symbol) {
#ifdef _WIN32
    HMODULE    module = nullptr;
    wchar_t    path[32768];
    const auto flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    if (!GetModuleHandleExW(flags, static_cast<LPCWSTR>(symbol), &module) ||
        GetModuleFileNameW(module, path, static_cast<DWORD>(std::size(path))) == 0) {
        return {};
    }
    return path;
#else
    Dl_info found;
    return dladdr(symbol, &found) && found.dli_fname ? found.dli_fname : "";
#endif
}

} // namespace snug
