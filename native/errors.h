#pragma once

#include <stdexcept>
#include <string>

namespace snug {

enum class Code {
#define SNUG_ERROR(name) name,
#include "error_codes.def"
#undef SNUG_ERROR
};

const char * name_of(Code code);

// An error that reaches JavaScript as an Error with its code's name as `code`; src-main/engine turns it into one with advice.
class Failure : public std::runtime_error {
  public:
    Failure(Code code, const std::string & message) : std::runtime_error(message), code(code) {}
    const Code code;
};

// Whatever is being handled, as a Failure. Call it in a catch block.
Failure current_failure();

} // namespace snug
