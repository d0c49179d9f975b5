#pragma once

#include <filesystem>

namespace snug {

// The file that a function or a variable was loaded from; empty where the system does not tell.
std::filesystem::path loaded_file(const void * symbol);

} // namespace snug
