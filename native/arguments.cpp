#include "arguments.h"

#include <algorithm>
#include <cmath>
#include <thread>

namespace snug {

namespace {

constexpr size_t  LONGEST_TEXT_BYTES = 32u << 20;
constexpr int64_t LARGEST_SAFE       = (int64_t(1) << 53) - 1;

std::string range(double least, double most) {
    const auto shown = [](double value) {
        const bool whole = value == std::floor(value) && std::fabs(value) <= 9007199254740992.0;
        return whole ? std::to_string(static_cast<int64_t>(value)) : std::to_string(value);
    };
    return "from " + shown(least) + " to " + shown(most);
}

template <class Array, class Element>
std::vector<Element> copy_of(const Napi::Value & value, const std::string & name, napi_typedarray_type kind, const char * expected) {
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != kind) {
        throw wrong(value.Env(), name, expected);
    }
    auto array = value.As<Array>();
    if (array.ElementLength() > 0 && !array.Data()) {
        throw wrong(value.Env(), name, std::string(expected) + " whose buffer is not detached");
    }
    return { array.Data(), array.Data() + array.ElementLength() };
}

} // namespace

int32_t most_threads() {
    static const int32_t most = std::min<int32_t>(GGML_MAX_N_THREADS, std::max<int32_t>(16, 2 * std::thread::hardware_concurrency()));
    return most;
}

Napi::TypeError wrong(Napi::Env env, const std::string & name, const std::string & expected) {
    return Napi::TypeError::New(env, name + " must be " + expected);
}

Napi::Object read_object(const Napi::Value & value, const std::string & name) {
    if (!value.IsObject() || value.IsFunction()) {
        throw wrong(value.Env(), name, "an object");
    }
    return value.As<Napi::Object>();
}

Napi::Array read_array(const Napi::Value & value, const std::string & name) {
    if (!value.IsArray()) {
        throw wrong(value.Env(), name, "an array");
    }
    return value.As<Napi::Array>();
}

std::string read_text(const Napi::Value & value, const std::string & name) {
    if (!value.IsString()) {
        throw wrong(value.Env(), name, "a string");
    }
    size_t bytes = 0;
    napi_get_value_string_utf8(value.Env(), value, nullptr, 0, &bytes);
    if (bytes > LONGEST_TEXT_BYTES) {
        throw wrong(value.Env(), name, "at most " + std::to_string(LONGEST_TEXT_BYTES) + " bytes long");
    }
    return value.As<Napi::String>().Utf8Value();
}

std::string read_path(const Napi::Value & value, const std::string & name) {
    auto text = read_text(value, name);
    if (text.find('\0') != std::string::npos) {
        throw wrong(value.Env(), name, "a string without a NUL character");
    }
    return text;
}

std::string read_string(const Napi::Object & options, const char * name) { return read_path(options.Get(name), name); }

std::string read_string(const Napi::Object & options, const char * name, const std::string & otherwise) {
    return options.Get(name).IsUndefined() ? otherwise : read_string(options, name);
}

bool read_bool(const Napi::Value & value, const std::string & name) {
    if (!value.IsBoolean()) {
        throw wrong(value.Env(), name, "true or false");
    }
    return value.As<Napi::Boolean>();
}

bool read_bool(const Napi::Object & options, const char * name, bool otherwise) {
    auto value = options.Get(name);
    return value.IsUndefined() ? otherwise : read_bool(value, name);
}

double read_number(const Napi::Object & options, const char * name, double least, double most) {
    auto         value  = options.Get(name);
    const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : NAN;
    // also false for what is not a number
    if (!(number >= least && number <= most)) {
        throw wrong(options.Env(), name, "a number " + range(least, most));
    }
    return number;
}

double read_number(const Napi::Object & options, const char * name, double least, double most, double otherwise) {
    return options.Get(name).IsUndefined() ? otherwise : read_number(options, name, least, most);
}

int64_t read_whole(const Napi::Value & value, const std::string & name, int64_t least, int64_t most) {
    const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : NAN;
    if (!(number >= static_cast<double>(least) && number <= static_cast<double>(most)) || number != std::floor(number)) {
        throw wrong(value.Env(), name, "a whole number " + range(static_cast<double>(least), static_cast<double>(most)));
    }
    return static_cast<int64_t>(number);
}

int32_t read_threads(const Napi::Object & options) { return read_integer(options, "threads", 1, most_threads()); }

uint32_t read_seed(const Napi::Object & options) {
    return static_cast<uint32_t>(read_integer<int64_t>(options, "seed", -LARGEST_SAFE, LARGEST_SAFE));
}

ggml_type read_tensor_type(const Napi::Value & value, const std::string & name) {
    const auto type = static_cast<ggml_type>(read_whole(value, name, 0, GGML_TYPE_COUNT - 1));
    if (ggml_blck_size(type) <= 0 || ggml_type_size(type) == 0) {
        throw wrong(value.Env(), name, "the number of a tensor type that llama.cpp has");
    }
    return type;
}

std::vector<int32_t> read_int32_array(const Napi::Value & value, const std::string & name) {
    return copy_of<Napi::Int32Array, int32_t>(value, name, napi_int32_array, "an Int32Array");
}

std::vector<float> read_float32_array(const Napi::Value & value, const std::string & name) {
    return copy_of<Napi::Float32Array, float>(value, name, napi_float32_array, "a Float32Array");
}

std::vector<uint8_t> read_bytes(const Napi::Value & value, const std::string & name) {
    return copy_of<Napi::Uint8Array, uint8_t>(value, name, napi_uint8_array, "a Uint8Array");
}

} // namespace snug
