// SPDX-License-Identifier: Apache-2.0
//
// json_slice.hpp - walks JSON text and gives its values as slices of that text, so that an alert is handed on byte for
// byte.
//
// Only the structure is checked (strings, brackets, commas); what is inside a slice is its reader's to judge. No
// recursion, so depth costs no stack. [any-thread]
#pragma once
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace shared {

class Slicer {
 public:
  explicit Slicer(std::string_view text) : text_(text) {}

  bool take(char wanted) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  bool at_end() {
    skip_space();
    return at_ == text_.size();
  }
  // The next value, quotes included; nothing where there is none or it does not end.
  std::optional<std::string_view> value() {
    skip_space();
    const auto from = at_;
    if (at_ >= text_.size()) return std::nullopt;
    const char c = text_[at_];
    const bool whole = c == '"' ? skip_string() : c == '{' || c == '[' ? skip_nested() : skip_scalar();
    if (!whole) return std::nullopt;
    return text_.substr(from, at_ - from);
  }

 private:
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
      ++at_;
  }
  bool skip_string() {
    for (auto from = ++at_;;) {
      const auto* quote = static_cast<const char*>(std::memchr(text_.data() + at_, '"', text_.size() - at_));
      if (quote == nullptr) return false;
      at_ = static_cast<std::size_t>(quote - text_.data());
      auto before = at_;
      while (before > from && text_[before - 1] == '\\') --before;
      const bool escaped = (at_ - before) % 2 == 1;
      ++at_;
      if (!escaped) return true;
    }
  }
  bool skip_nested() {
    open_.clear();
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        if (!skip_string()) return false;
        continue;
      }
      ++at_;
      if (c == '{' || c == '[') open_.push_back(c == '{' ? '}' : ']');
      if (c != '}' && c != ']') continue;
      if (open_.back() != c) return false;
      open_.pop_back();
      if (open_.empty()) return true;
    }
    return false;
  }
  bool skip_scalar() {
    const auto from = at_;
    while (at_ < text_.size() && std::strchr(",]} \n\r\t:\"{[", text_[at_]) == nullptr) ++at_;
    return at_ > from;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string open_;
};

// Calls visit(key, value) for each member of the object that `text` is; the key without quotes, escapes as written.
// False: `text` is not one object.
template <class Visit>
bool each_member(std::string_view text, Visit&& visit) {
  Slicer slicer(text);
  if (!slicer.take('{')) return false;
  if (slicer.take('}')) return slicer.at_end();
  do {
    const auto key = slicer.value();
    if (!key || key->front() != '"' || !slicer.take(':')) return false;
    const auto value = slicer.value();
    if (!value) return false;
    visit(key->substr(1, key->size() - 2), *value);
  } while (slicer.take(','));
  return slicer.take('}') && slicer.at_end();
}

// The same for the elements of an array.
template <class Visit>
bool each_element(std::string_view text, Visit&& visit) {
  Slicer slicer(text);
  if (!slicer.take('[')) return false;
  if (slicer.take(']')) return slicer.at_end();
  do {
    const auto value = slicer.value();
    if (!value) return false;
    visit(*value);
  } while (slicer.take(','));
  return slicer.take(']') && slicer.at_end();
}

}  // namespace shared
