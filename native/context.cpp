#include "backends.h"
#include "model.h"

namespace snug {

namespace {

std::unique_ptr<ggml_threadpool, void (*)(ggml_threadpool *)> start_threads(int count) {
    const auto start = cpu_function<ggml_threadpool * (*)(ggml_threadpool_params *)>("ggml_threadpool_new");
    const auto stop  = cpu_function<void (*)(ggml_threadpool *)>("ggml_threadpool_free");
    if (!start || !stop) {
        throw Failure(Code::CONTEXT_FAILED, "the CPU backend has no thread pools");
    }
    auto parameters = ggml_threadpool_params_default(count);
    return { start(&parameters), stop };
}

// values of a key; where a file does not say, its heads share the width
double key_length(const ModelState & model) {
    char architecture[128], length[32];
    if (llama_model_meta_val_str(model.model.get(), "general.architecture", architecture, sizeof(architecture)) > 0) {
        const auto key = std::string(architecture) + ".attention.key_length";
        if (llama_model_meta_val_str(model.model.get(), key.c_str(), length, sizeof(length)) > 0) {
            return std::atof(length);
        }
    }
    return static_cast<double>(model.embedding_length()) / std::max(llama_model_n_head(model.model.get()), 1);
}

// Less than what it takes: keys and values in F16, the attention mask, and the logits that are kept.
void require_context_memory(const ModelState & model, const ContextOptions & options) {
    const auto *  weights   = model.model.get();
    const double  per_token = 2 * 2 * key_length(model) * llama_model_n_head_kv(weights) * llama_model_n_layer(weights);
    const int32_t window    = llama_model_n_swa(weights);
    // some layers of a model with windows keep no more than one
    const double kept = window > 0 ? std::min<double>(window, options.context_tokens) : options.context_tokens;
    require_memory(per_token * kept + 2.0 * options.batch_tokens * options.context_tokens + 4.0 * options.outputs * model.vocabulary_size(),
                   "a context");
}

llama_context_ptr make_context(const Model & model, const ContextOptions & options, const Abort & abort) {
    auto parameters              = llama_context_default_params();
    parameters.n_ctx             = options.context_tokens;
    parameters.n_batch           = options.batch_tokens;
    parameters.n_ubatch          = options.batch_tokens;
    parameters.n_seq_max         = options.sequences;
    parameters.n_outputs_max     = options.outputs;
    parameters.kv_unified        = true;
    parameters.swa_full          = false; // layers with a window keep what it holds: a sixth of Gemma 3's keys and values
    parameters.n_threads         = options.threads;
    parameters.n_threads_batch   = options.threads;
    parameters.no_perf           = true;
    parameters.cb_eval           = options.observe;
    parameters.cb_eval_user_data = options.observe_data;
    if (abort) {
        // the owner of the context keeps its flag
        parameters.abort_callback      = [](void * flag) { return is_aborted(*static_cast<const Abort *>(flag)); };
        parameters.abort_callback_data = const_cast<Abort *>(&abort);
    }
    if (!model->no_alloc) {
        require_context_memory(*model, options);
    }
    LogMark           log;
    llama_context_ptr context(llama_init_from_model(model->model.get(), parameters));
    if (!context) {
        throw Failure(Code::CONTEXT_FAILED,
                      "could not make a context of " + std::to_string(options.context_tokens) + " tokens: " + log.reasons());
    }
    return context;
}

} // namespace

Context::Context(const Model & model, const ContextOptions & options, const Abort & abort) :
    threads(start_threads(options.threads)), context(make_context(model, options, abort)) {
    llama_attach_threadpool(context.get(), threads.get(), nullptr);
}

} // namespace snug
