#pragma once

#include "support.h"

#include <napi.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace snug {

// The Error that JavaScript gets.
Napi::Error error_of(Napi::Env env, const Failure & failure);

// Runs what JavaScript called: whatever it throws becomes an error there. A C++ exception that reaches Node ends the process.
template <class Run> auto guarded(Napi::Env env, Run run) {
    try {
        return run();
    } catch (const Napi::Error &) {
        throw;
    } catch (...) {
        throw error_of(env, current_failure());
    }
}

// A typed array of these values.
template <class Array, class Element> Array array_of(Napi::Env env, const std::vector<Element> & values) {
    auto array = Array::New(env, values.size());
    std::copy(values.begin(), values.end(), array.Data());
    return array;
}

using Function = Napi::Value(const Napi::CallbackInfo &);

template <Function * function> Napi::Value guarded_function(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&] { return function(info); });
}

template <Function * function> void define_function(Napi::Env env, Napi::Object exports, const char * name) {
    exports.Set(name, Napi::Function::New<guarded_function<function>>(env, name));
}

// A class whose objects are told apart from those of others: Node unwraps any wrapped object as the one asked for.
// T has a `static constexpr napi_type_tag TAG` and a `static constexpr const char * NAME`.
template <class T> class Tagged : public Napi::ObjectWrap<T> {
  public:
    explicit Tagged(const Napi::CallbackInfo & info) : Napi::ObjectWrap<T>(info) {
        if (napi_type_tag_object(info.Env(), info.This(), &T::TAG) != napi_ok) {
            throw wrong_object(info.Env());
        }
    }

    static T & of(const Napi::Value & value) {
        bool own = false;
        if (!value.IsObject() || napi_check_object_type_tag(value.Env(), value, &T::TAG, &own) != napi_ok || !own) {
            throw wrong_object(value.Env());
        }
        return *Napi::ObjectWrap<T>::Unwrap(value.template As<Napi::Object>());
    }

  protected:
    template <auto called> static Napi::ClassPropertyDescriptor<T> method(const char * name) {
        napi_property_descriptor descriptor{};
        descriptor.utf8name   = name;
        descriptor.method     = call<called>;
        descriptor.attributes = napi_default;
        return descriptor;
    }

  private:
    static Napi::TypeError wrong_object(Napi::Env env) {
        return Napi::TypeError::New(env, std::string("this is no ") + T::NAME + " of the addon");
    }

    template <auto called> static napi_value call(napi_env env, napi_callback_info raw) {
        return Napi::details::WrapCallback(env, [&]() -> napi_value {
            Napi::CallbackInfo info(env, raw);
            return guarded(env, [&] { return (of(info.This()).*called)(info); });
        });
    }
};

// A class whose objects hold what close() lets go of; a job that runs keeps it until it ends.
template <class T, class State> class Closable : public Tagged<T> {
  public:
    Closable(const Napi::CallbackInfo & info, std::shared_ptr<State> state) : Tagged<T>(info), state(std::move(state)) {}

    std::shared_ptr<State> open() const {
        if (!state) {
            throw Failure(Code::CLOSED, std::string("this ") + T::NAME + " is closed");
        }
        return state;
    }

  protected:
    Napi::Value abort(const Napi::CallbackInfo & info) {
        if (state) {
            state->abort->store(true);
        }
        return info.Env().Undefined();
    }

    Napi::Value close(const Napi::CallbackInfo & info) {
        state.reset();
        return info.Env().Undefined();
    }

  private:
    std::shared_ptr<State> state;
};

} // namespace snug
