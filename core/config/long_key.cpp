// SPDX-License-Identifier: Apache-2.0
#include "config/long_key.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace signalfoundry::config {

namespace {

bool is_key_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.' || c == ' ' || c == '\t';
}

// Follows the text as far as strings and comments go. Where it and toml++ disagree, the text is wrong and toml++ stops.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::optional<TextPosition> find() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '#') {
        skip_comment();
      } else if (c == '"' || c == '\'') {
        skip_string(c);
      } else {
        if (c == '.' && ++parts_ == kMostKeyParts) return position_;
        if (!is_key_byte(c)) parts_ = 0;
        step();
      }
    }
    return std::nullopt;
  }

 private:
  void step() {
    const char c = text_[at_++];
    if (c == '\n') {
      ++position_.line;
      position_.column = 1;
    } else if ((static_cast<std::uint8_t>(c) & 0xC0U) != 0x80U) {
      ++position_.column;
    }
  }

  void skip_comment() {
    while (at_ < text_.size() && text_[at_] != '\n') step();
  }

  void skip_string(char quote) {
    const std::string fence(3, quote);
    const bool multiline = text_.substr(at_, 3) == fence;
    for (int i = 0; i < (multiline ? 3 : 1); ++i) step();
    while (at_ < text_.size()) {
      if (!multiline && text_[at_] == '\n') return;
      if (multiline ? text_.substr(at_, 3) == fence : text_[at_] == quote) break;
      if (quote == '"' && text_[at_] == '\\' && at_ + 1 < text_.size()) step();
      step();
    }
    // A multi-line string may end in one or two quotes of its own, before the three that close it.
    for (int i = 0; i < (multiline ? 5 : 1) && at_ < text_.size() && text_[at_] == quote; ++i) step();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  TextPosition position_;
  unsigned parts_ = 0;  // dots since the last byte that is in no key
};

}  // namespace

std::optional<TextPosition> find_long_key(std::string_view toml) {
  return Scanner(toml).find();
}

}  // namespace signalfoundry::config
