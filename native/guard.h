#pragma once

#include "support.h"

#include <napi.h>

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
    using Method = Napi::Value (T::*)(const Napi::CallbackInfo &);

    template <Method called> static Napi::ClassPropertyDescriptor<T> method(const char * name) {
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

    template <Method called> static napi_value call(napi_env env, napi_callback_info raw) {
        return Napi::details::WrapCallback(env, [&]() -> napi_value {
            Napi::CallbackInfo info(env, raw);
            return guarded(env, [&] { return (of(info.This()).*called)(info); });
        });
    }
};

} // namespace snug
