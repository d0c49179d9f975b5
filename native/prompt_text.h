#pragma once

#include "llama.h"

#include <string>
#include <vector>

namespace snug {

struct ModelState;

// U+FDD0, which Unicode keeps out of texts. It stands inside every spelling of a control token or of the media marker that a person
// wrote: such a spelling stays text. The mark itself is no part of the text.
constexpr const char * PLAIN_MARK = "\xEF\xB7\x90";

// The tokens of a rendered chat template, without BOS and EOS: its control tokens, and plain text between them. Without marks these are
// llama_tokenize's own.
std::vector<llama_token> tokenize_prompt(const ModelState & model, const std::string & text);

// llama_tokenize, but that without `parse_special` nothing in the text becomes a control token. Marks are not looked for.
std::vector<llama_token> tokenize_text(const ModelState & model, const std::string & text, bool add_special, bool parse_special);

// Whether a token stands for a place in the conversation rather than for words: of the file's control tokens all but those around a
// model's thoughts, which are shown apart; and what is spelled as one in files that list it among the words.
bool is_control(const llama_vocab * vocab, llama_token token);

} // namespace snug
