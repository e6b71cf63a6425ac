// SPDX-License-Identifier: Apache-2.0
//
// json_text.hpp - writes one JSON value into a string, front to back: no document in memory, no second copy.
//
//   JsonText json(JsonText::Layout::compact);
//   json.begin('{').key("rule").begin('{').key("id").text("5710").end('}').end('}');
//
// With lines, the members of the outermost object stand on lines of their own. Thread: one writer, one thread.
#pragma once
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "safe_text.hpp"

namespace shared {

class JsonText {
 public:
  enum class Layout : std::uint8_t { lines, compact };
  explicit JsonText(Layout layout) : lines_(layout == Layout::lines) {}

  JsonText& begin(char bracket) {
    value();
    out_ += bracket;
    comma_ = false;
    ++depth_;
    return *this;
  }
  JsonText& end(char bracket) {
    if (--depth_ == 0 && lines_) out_ += '\n';
    out_ += bracket;
    comma_ = true;
    return *this;
  }
  JsonText& key(std::string_view name) {
    if (comma_) out_ += ',';
    if (lines_ && depth_ == 1) out_ += "\n  ";
    append_json(out_, name);
    out_ += lines_ && depth_ == 1 ? ": " : ":";
    comma_ = false;
    return *this;
  }
  JsonText& text(std::string_view text) {
    value();
    append_json(out_, text);
    return *this;
  }
  JsonText& maybe(const std::optional<std::string_view>& text) { return text ? this->text(*text) : raw("null"); }
  JsonText& number(int64_t number) {
    char digits[24];
    const auto done = std::to_chars(digits, digits + sizeof digits, number);
    return raw({digits, static_cast<std::size_t>(done.ptr - digits)});
  }
  JsonText& maybe(const std::optional<int64_t>& number) { return number ? this->number(*number) : raw("null"); }
  // `json` is JSON already.
  JsonText& raw(std::string_view json) {
    value();
    out_ += json;
    return *this;
  }
  std::string take() { return std::move(out_); }

 private:
  void value() {
    if (comma_) out_ += ',';
    comma_ = true;
  }
  std::string out_;
  bool lines_;
  int depth_ = 0;
  bool comma_ = false;
};

}  // namespace shared
