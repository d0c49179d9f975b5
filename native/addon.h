#pragma once

#include <napi.h>

namespace snug {

void define_backends(Napi::Env env, Napi::Object exports);
void define_model(Napi::Env env, Napi::Object exports);
void define_embed(Napi::Env env, Napi::Object exports);
void define_types(Napi::Env env, Napi::Object exports);
void define_quantize(Napi::Env env, Napi::Object exports);
void define_verdicts(Napi::Env env, Napi::Object exports);
void define_feed(Napi::Env env, Napi::Object exports);
void define_local_error(Napi::Env env, Napi::Object exports);
void define_rivals(Napi::Env env, Napi::Object exports);
void define_entropy(Napi::Env env, Napi::Object exports);
void define_weights(Napi::Env env, Napi::Object exports);
void define_probe(Napi::Env env, Napi::Object exports);
void define_bandwidth(Napi::Env env, Napi::Object exports);
void define_multiply(Napi::Env env, Napi::Object exports);

} // namespace snug
