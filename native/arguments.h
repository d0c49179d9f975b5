#pragma once

#include <napi.h>

#include "ggml.h"

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

namespace snug {

// Typed reads of what JavaScript passes. What is not of the kind or the range throws a TypeError that names it: nothing
// reaches llama.cpp unchecked, where the same mistake ends the process.

// llama.cpp's own bound is 512; far more threads than processors only wait for each other, spinning
int32_t most_threads();

constexpr int64_t MOST_CONTEXT_TOKENS = 1 << 24;
constexpr int64_t MOST_FILE_BYTES     = int64_t(1) << 52;

Napi::TypeError wrong(Napi::Env env, const std::string & name, const std::string & expected);

Napi::Object read_object(const Napi::Value & value, const std::string & name);
Napi::Array  read_array(const Napi::Value & value, const std::string & name);
// text for llama.cpp; at most 32 MiB, of which it needs 70 bytes a byte
std::string read_text(const Napi::Value & value, const std::string & name);
// also without a NUL, at which C would cut it
std::string read_path(const Napi::Value & value, const std::string & name);
std::string read_string(const Napi::Object & options, const char * name);
std::string read_string(const Napi::Object & options, const char * name, const std::string & otherwise);
bool        read_bool(const Napi::Value & value, const std::string & name);
bool        read_bool(const Napi::Object & options, const char * name, bool otherwise);
double      read_number(const Napi::Object & options, const char * name, double least, double most);
double      read_number(const Napi::Object & options, const char * name, double least, double most, double otherwise);
int64_t     read_whole(const Napi::Value & value, const std::string & name, int64_t least, int64_t most);

template <class Integer = int32_t> Integer read_integer(const Napi::Object & options, const char * name, int64_t least, int64_t most) {
    static_assert(std::is_integral<Integer>::value, "a whole number");
    return static_cast<Integer>(read_whole(options.Get(name), name, least, most));
}

template <class Integer = int32_t>
Integer read_integer(const Napi::Object & options, const char * name, int64_t least, int64_t most, Integer otherwise) {
    return options.Get(name).IsUndefined() ? otherwise : read_integer<Integer>(options, name, least, most);
}

int32_t read_threads(const Napi::Object & options);
// of any whole number the low 32 bits
uint32_t read_seed(const Napi::Object & options);

// a type that ggml has; types that it dropped keep their number and have no blocks
ggml_type read_tensor_type(const Napi::Value & value, const std::string & name);

// copies: JavaScript may change or detach its buffer while a job runs
std::vector<int32_t> read_int32_array(const Napi::Value & value, const std::string & name);
std::vector<float>   read_float32_array(const Napi::Value & value, const std::string & name);
std::vector<uint8_t> read_bytes(const Napi::Value & value, const std::string & name);

} // namespace snug
