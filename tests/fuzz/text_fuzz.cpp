// SPDX-License-Identifier: Apache-2.0
//
// Goal: no alert text gets out of what it is written into: a terminal's line, Markdown, a CSV cell, a JSON string.
#include <nlohmann/json.hpp>

#include "fuzz.hpp"
#include "shared/safe_text.hpp"

using namespace signalfoundry;
using fuzz::hold;
using Json = nlohmann::json;

namespace {

void check_terminal(std::string_view text) {
  const std::string shown = printable(text, 300);
  hold(valid_utf8(shown) && shown.size() <= 300 + 3);
  hold(printable(shown, 400) == shown);
  hold(text.size() > 75 || valid_utf8(text) || shown != text);
  const std::string prose = markdown(text, 300);
  hold(prose.find('\n') == std::string::npos && prose.size() <= 2 * shown.size() + 8);
}

void check_markdown(std::string_view text) {
  const std::string span = shared::code(text, 100);
  if (text.empty()) return hold(span == "none");
  const auto end = span.find('`', 1);
  hold(span.front() == '`' && end != std::string::npos && span.find('`', end + 1) == std::string::npos);
  hold(span.find_first_of("\n\r<|") == std::string::npos && span.find("://") == std::string::npos &&
       span.find("](") == std::string::npos);
  hold(valid_utf8(span) && printable(span, 4096) == span);
}

// A cell's value, as RFC 4180 reads it.
std::string value_of(std::string_view cell) {
  std::string out;
  for (std::size_t i = 1; i + 1 < cell.size(); ++i) {
    if (cell[i] == '"') hold(++i + 1 < cell.size() && cell[i] == '"');
    out += cell[i];
  }
  return out;
}

void check_csv(std::string_view text) {
  const std::string cell = shared::csv_cell(text, 100);
  hold(cell.size() >= 2 && cell.front() == '"' && cell.back() == '"');
  const std::string value = value_of(cell);
  hold(value.find_first_of("\n\r") == std::string::npos && valid_utf8(value));
  const auto first = value.find_first_not_of(' ');
  hold(first == std::string::npos || std::string_view("=+-@|%").find(value[first]) == std::string_view::npos);
}

void check_json(std::string_view text) {
  std::string quoted;
  shared::append_json(quoted, text);
  const Json read = Json::parse(quoted, nullptr, false);
  hold(read.is_string());
  if (!valid_utf8(text)) return;
  hold(read == text && Json::parse(quoted + " ") == read);
  std::string value;
  shared::append_json_value(value, text);
  const Json as_is = Json::parse(text, nullptr, false);
  if (!as_is.is_discarded() && text.find('\0') == std::string_view::npos && !text.starts_with("\xef\xbb\xbf"))
    hold(Json::parse(value, nullptr, false) == as_is);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::text_of(data, size);
  check_terminal(text);
  check_markdown(text);
  check_csv(text);
  check_json(text);
  const auto [word, others] = fuzz::cut(text, "\n");
  const std::string near = suggest(word, {std::string(others), "page_size"});
  hold(near.empty() || near == others || near == "page_size");
  return 0;
}
