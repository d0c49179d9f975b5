// Chat templates' texts to tokens, where words that a person wrote must never become control tokens.
#include "prompt_text.h"

#include "model.h"

#include <algorithm>
#include <set>

namespace snug {

namespace {

constexpr auto NO_TOKEN = LLAMA_TOKEN_NULL;

std::vector<llama_token> tokenize(const llama_vocab * vocab, const std::string & text, bool add_special, bool parse_special) {
    const auto               length = static_cast<int32_t>(text.size());
    std::vector<llama_token> tokens(text.size() + 2);
    int32_t                  count =
        llama_tokenize(vocab, text.data(), length, tokens.data(), static_cast<int32_t>(tokens.size()), add_special, parse_special);
    if (count < 0) {
        tokens.resize(-count);
        count = llama_tokenize(vocab, text.data(), length, tokens.data(), -count, add_special, parse_special);
    }
    tokens.resize(std::max(count, 0));
    return tokens;
}

bool has(const llama_vocab * vocab, llama_token token, int attributes) { return (llama_vocab_get_attr(vocab, token) & attributes) != 0; }

bool framed(const std::string & text, const std::string & before, const std::string & after) {
    return text.size() > before.size() + after.size() && text.compare(0, before.size(), before) == 0 &&
           text.compare(text.size() - after.size(), after.size(), after) == 0;
}

// A text without its marks, and where in it they stood, ascending.
struct MarkedText {
    std::string         text;
    std::vector<size_t> marks;

    explicit MarkedText(const std::string & marked) {
        const std::string mark = PLAIN_MARK;
        size_t            from = 0;
        for (size_t at = 0; (at = marked.find(mark, from)) != std::string::npos; from = at + mark.size()) {
            text.append(marked, from, at - from);
            marks.push_back(text.size());
        }
        text.append(marked, from, std::string::npos);
    }

    // a mark follows the first letter of what it marks
    bool is_plain(size_t begin, size_t end) const {
        const auto mark = std::upper_bound(marks.begin(), marks.end(), begin);
        return mark != marks.end() && *mark <= end;
    }
};

// A part of a marked text: a special token, or text where it has none.
struct Fragment {
    size_t      begin, end;
    llama_token token;
};

// Cuts a text into special tokens and what lies between, as llama_vocab::impl::tokenizer_st_partition does, and leaves marked
// spellings where they are.
class Partition {
  public:
    Partition(const llama_vocab * vocab, const MarkedText & marked) : vocab(vocab), marked(marked) {
        fragments.push_back({ 0, marked.text.size(), NO_TOKEN });
        for (const llama_token token : longest_first()) {
            cut_out(token);
        }
    }

    std::vector<Fragment> fragments;
    // tokens of which a spelling is marked
    std::set<llama_token> plain;

  private:
    const llama_vocab * vocab;
    const MarkedText &  marked;

    std::vector<llama_token> longest_first() const {
        std::vector<llama_token> special;
        for (llama_token token = 0; token < llama_vocab_n_tokens(vocab); ++token) {
            if (has(vocab, token, LLAMA_TOKEN_ATTR_CONTROL | LLAMA_TOKEN_ATTR_USER_DEFINED | LLAMA_TOKEN_ATTR_UNKNOWN)) {
                special.push_back(token);
            }
        }
        const auto length = [this](llama_token token) { return std::string_view(llama_vocab_get_text(vocab, token)).size(); };
        std::stable_sort(special.begin(), special.end(), [&](llama_token a, llama_token b) { return length(a) > length(b); });
        return special;
    }

    void cut_out(llama_token token) {
        const std::string spelling = llama_vocab_get_text(vocab, token);
        if (spelling.empty() || marked.text.find(spelling) == std::string::npos) {
            return;
        }
        std::vector<Fragment> cut;
        for (const auto & fragment : fragments) {
            if (fragment.token != NO_TOKEN) {
                cut.push_back(fragment);
            } else {
                cut_out(token, spelling, fragment, cut);
            }
        }
        fragments = std::move(cut);
    }

    void cut_out(llama_token token, const std::string & spelling, const Fragment & fragment, std::vector<Fragment> & cut) {
        const auto & text  = marked.text;
        const auto   space = [&](size_t at) { return std::isspace(static_cast<unsigned char>(text[at])) != 0; };
        size_t       begin = fragment.begin;
        for (size_t from = begin, at = 0; (at = text.find(spelling, from)) != std::string::npos && at + spelling.size() <= fragment.end;) {
            const size_t after = at + spelling.size();
            if (marked.is_plain(at, after)) {
                plain.insert(token);
                from = at + 1;
                continue;
            }
            size_t left = at;
            while (has(vocab, token, LLAMA_TOKEN_ATTR_LSTRIP) && left > begin && space(left - 1)) {
                --left;
            }
            if (left > begin) {
                cut.push_back({ begin, left, NO_TOKEN });
            }
            cut.push_back({ at, after, token });
            begin = after;
            while (has(vocab, token, LLAMA_TOKEN_ATTR_RSTRIP) && begin < fragment.end && space(begin)) {
                ++begin;
            }
            from = begin;
        }
        if (begin < fragment.end) {
            cut.push_back({ begin, fragment.end, NO_TOKEN });
        }
    }
};

void append(std::vector<llama_token> & tokens, const std::vector<llama_token> & more) {
    tokens.insert(tokens.end(), more.begin(), more.end());
}

// The letters of a token's spelling, a token or some each.
std::vector<llama_token> spelled(const llama_vocab * vocab, llama_token token) {
    const std::string        text = llama_vocab_get_text(vocab, token);
    const auto               line = tokenize(vocab, "\n", false, false);
    std::vector<llama_token> tokens;
    for (size_t begin = 0; begin < text.size();) {
        size_t end = begin + 1;
        while (end < text.size() && (text[end] & 0xC0) == 0x80) {
            ++end;
        }
        const auto letter = text.substr(begin, end - begin);
        // behind a line break: SentencePiece puts a space before a text's first letter
        auto behind = tokenize(vocab, "\n" + letter, false, false);
        if (behind.size() > line.size() && std::equal(line.begin(), line.end(), behind.begin())) {
            behind.erase(behind.begin(), behind.begin() + static_cast<std::ptrdiff_t>(line.size()));
        } else {
            behind = tokenize(vocab, letter, false, false);
        }
        append(tokens, behind);
        begin = end;
    }
    return tokens;
}

// SentencePiece's merges can end in a control token, which llama_tokenize does not prevent; and a token among the words is always read.
std::vector<llama_token> tokenize_words(const llama_vocab * vocab, const std::string & text, const std::set<llama_token> & plain) {
    std::vector<llama_token> tokens;
    for (const llama_token token : tokenize(vocab, text, false, false)) {
        if (has(vocab, token, LLAMA_TOKEN_ATTR_CONTROL) || plain.count(token) != 0) {
            append(tokens, spelled(vocab, token));
        } else {
            tokens.push_back(token);
        }
    }
    return tokens;
}

} // namespace

std::vector<llama_token> tokenize_prompt(const ModelState & model, const std::string & text) {
    const auto * vocab = model.vocab();
    if (text.find(PLAIN_MARK) == std::string::npos) {
        return tokenize(vocab, text, false, true);
    }
    const MarkedText         marked(text);
    const Partition          partition(vocab, marked);
    std::vector<llama_token> tokens;
    for (const auto & [begin, end, token] : partition.fragments) {
        if (token != NO_TOKEN) {
            tokens.push_back(token);
        } else {
            append(tokens, tokenize_words(vocab, marked.text.substr(begin, end - begin), partition.plain));
        }
    }
    return tokens;
}

std::vector<llama_token> tokenize_text(const ModelState & model, const std::string & text, bool add_special, bool parse_special) {
    const auto * vocab = model.vocab();
    if (parse_special) {
        return tokenize(vocab, text, add_special, true);
    }
    std::vector<llama_token> tokens;
    if (add_special && llama_vocab_get_add_bos(vocab)) {
        tokens.push_back(llama_vocab_bos(vocab));
    }
    append(tokens, tokenize_words(vocab, text, {}));
    if (add_special && llama_vocab_get_add_eos(vocab)) {
        tokens.push_back(llama_vocab_eos(vocab));
    }
    return tokens;
}

bool is_control(const llama_vocab * vocab, llama_token token) {
    const std::string text = llama_vocab_get_text(vocab, token);
    if (text.find("think") != std::string::npos || text.find("THINK") != std::string::npos) {
        return false;
    }
    if (has(vocab, token, LLAMA_TOKEN_ATTR_CONTROL)) {
        return true;
    }
    return has(vocab, token, LLAMA_TOKEN_ATTR_USER_DEFINED) && (framed(text, "<|", "|>") || framed(text, "<｜", "｜>"));
}

} // namespace snug
