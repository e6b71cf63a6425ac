// SPDX-License-Identifier: Apache-2.0
#include "config/toml_guard.hpp"

#include <cstddef>
#include <cstdint>

namespace signalfoundry::config {

namespace {

constexpr unsigned kMostKeyParts = 16;

bool is_bare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}
bool is_blank(char c) {
  return c == ' ' || c == '\t';
}
bool is_ascii(char c) {
  return static_cast<std::uint8_t>(c) < 0x80;
}

// Follows the text as far as strings, comments and brackets go. Where it and toml++ disagree, the text is wrong and
// toml++ has stopped before.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {
    if (text_.substr(0, 3) == "\xEF\xBB\xBF") text_.remove_prefix(3);
  }

  std::optional<TomlDefect> find() {
    while (at_ < text_.size() && !defect_) {
      const char c = text_[at_];
      if (depth_ == 0 && line_start_ && c == '[') check_header();
      if (!is_blank(c)) line_start_ = false;
      if (c == '#')
        skip_comment();
      else if (c == '"' || c == '\'')
        skip_string(c);
      else
        plain(c);
    }
    return defect_;
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  void refuse(const char* what) {
    if (!defect_) defect_ = TomlDefect{line_, column_, what};
  }

  void step() {
    const char c = text_[at_++];
    if (c == '\n') {
      ++line_;
      column_ = 1;
      line_start_ = true;
    } else if ((static_cast<std::uint8_t>(c) & 0xC0U) != 0x80U) {
      ++column_;
    }
  }

  bool in_hole() const {
    const auto second = static_cast<std::uint8_t>(peek(1));
    return static_cast<std::uint8_t>(peek()) == 0xEF && second >= 0xAC && second <= 0xBB;
  }

  void plain(char c) {
    if (!is_ascii(c)) refuse("only ASCII may stand outside of quotes and comments. Put it in quotes.");
    if (c == '.' && ++parts_ > kMostKeyParts) refuse("this key has more than 16 parts. Write it shorter.");
    if (!is_bare(c) && !is_blank(c) && c != '.') parts_ = 0;
    if (c == '[' || c == '{') ++depth_;
    if ((c == ']' || c == '}') && depth_ != 0) --depth_;
    step();
  }

  void check_header() {
    std::size_t ahead = peek(1) == '[' ? 2 : 1;
    while (is_blank(peek(ahead))) ++ahead;
    const char c = peek(ahead);
    const bool name = is_bare(c) || c == '"' || c == '\'';
    if (!name && c != ']' && at_ + ahead < text_.size())
      refuse("a table's name begins with a letter, a digit, \"_\", \"-\" or a quote. Write [name] or [[name]].");
  }

  void skip_comment() {
    while (at_ < text_.size() && text_[at_] != '\n') step();
  }

  void skip_string(char quote) {
    const std::string fence(3, quote);
    const bool multiline = text_.substr(at_, 3) == fence;
    for (int i = 0; i < (multiline ? 3 : 1); ++i) step();
    while (at_ < text_.size()) {
      if (in_hole()) refuse("a character from U+FB00 to U+FEFF is not read well here. Write it as \\uNNNN.");
      if (!multiline && text_[at_] == '\n') return;
      if (multiline ? text_.substr(at_, 3) == fence : text_[at_] == quote) break;
      if (quote == '"' && text_[at_] == '\\') {
        step();
        if (at_ == text_.size()) return;
      }
      step();
    }
    // A multi-line string may end in one or two quotes of its own, before the three that close it.
    for (int i = 0; i < (multiline ? 5 : 1) && peek() == quote; ++i) step();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  unsigned line_ = 1;
  unsigned column_ = 1;
  unsigned parts_ = 0;  // dots since the last byte that is in no key
  std::size_t depth_ = 0;
  bool line_start_ = true;
  std::optional<TomlDefect> defect_;
};

}  // namespace

std::optional<TomlDefect> find_toml_defect(std::string_view text) {
  return Scanner(text).find();
}

}  // namespace signalfoundry::config
