// SPDX-License-Identifier: Apache-2.0
#include "alert/json.hpp"

#include <fmt/format.h>

#include <vector>

#include "base/text.hpp"

namespace signalfoundry {

namespace {

// Builds the document while it is parsed, so that depth and duplicate keys are refused before they cost anything.
class Builder : public nlohmann::json_sax<Json> {
 public:
  Json take() { return std::move(root_); }
  const std::string& reason() const { return reason_; }

  bool null() override { return place(nullptr); }
  bool boolean(bool value) override { return place(value); }
  bool number_integer(number_integer_t value) override { return place(value); }
  bool number_unsigned(number_unsigned_t value) override { return place(value); }
  bool number_float(number_float_t value, const string_t&) override { return place(value); }
  bool string(string_t& value) override { return place(std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    auto [it, fresh] = stack_.back()->get_ref<Json::object_t&>().try_emplace(std::move(name), nullptr);
    if (!fresh) reason_ = fmt::format("the key \"{}\" appears twice in one object", printable(it->first, 64));
    slot_ = &it->second;
    return fresh;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
    const std::string_view text = error.what();
    const auto colon = text.find("column ");
    const auto detail = text.find(": ", colon == std::string_view::npos ? 0 : colon);
    reason_ = fmt::format("not JSON at byte {}: {}", position,
                          printable(detail == std::string_view::npos ? text : text.substr(detail + 2), 160));
    return false;
  }

 private:
  Json* target() {
    if (stack_.empty()) return &root_;
    if (!stack_.back()->is_array()) return slot_;
    return &stack_.back()->get_ref<Json::array_t&>().emplace_back();
  }
  template <class T>
  bool place(T&& value) {
    *target() = std::forward<T>(value);
    return true;
  }
  bool open(Json container) {
    if (stack_.size() >= kJsonDepthMax) {
      reason_ = fmt::format("nested deeper than {} levels", kJsonDepthMax);
      return false;
    }
    Json* const at = target();
    *at = std::move(container);
    stack_.push_back(at);
    return true;
  }
  bool close() {
    stack_.pop_back();
    return true;
  }

  Json root_;
  std::vector<Json*> stack_;
  Json* slot_ = nullptr;
  std::string reason_;
};

}  // namespace

Json parse_json(std::string_view bytes) {
  if (bytes.find_first_not_of(" \t\r\n") == std::string_view::npos) throw Rejected("the file is empty");
  // The parser takes a NUL for the end and would not look at what follows.
  if (const auto nul = bytes.find('\0'); nul != std::string_view::npos)
    throw Rejected(fmt::format("not JSON at byte {}: a NUL byte", nul + 1));
  Builder builder;
  if (!Json::sax_parse(bytes.begin(), bytes.end(), &builder)) throw Rejected(builder.reason());
  return builder.take();
}

bool is_json(std::string_view text) {
  return text.find('\0') == std::string_view::npos && !text.starts_with("\xef\xbb\xbf") && Json::accept(text);
}

std::string scalar_text(const Json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>();
  return value.is_number() || value.is_boolean() ? value.dump() : std::string();
}

std::string json_quote(std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(text.size() + 2);
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out += digits[byte >> 4U];
      out += digits[byte & 15U];
    } else {
      out += c;
    }
  }
  out += '"';
  return out;
}

}  // namespace signalfoundry
