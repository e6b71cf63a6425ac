// SPDX-License-Identifier: Apache-2.0
#include "toml_tree.hpp"

#include <algorithm>
#include <tuple>

#include "../shared/safe_text.hpp"
#include "policy_text.hpp"
#include "toml_guarded.hpp"

namespace triage_policy {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr unsigned kMostKeyParts = 16;

Place place_of(const toml::source_region& source) {
  return {source.begin.line, source.begin.column};
}

std::int64_t day_ms(const toml::date& date) {
  return day_number(date.year, date.month, date.day).value_or(0) * kDayMs;
}

void set_time(const toml::date_time& time, Node& out) {
  if (!time.offset) {
    out.kind = Node::Kind::local_time;
    return;
  }
  out.kind = Node::Kind::instant;
  out.integer = day_ms(time.date) + 1000 * (3600 * time.time.hour + 60 * time.time.minute + time.time.second) +
                time.time.nanosecond / 1'000'000 - 60'000 * static_cast<std::int64_t>(time.offset->minutes);
}

Node convert(const toml::node& node);

void set_table(const toml::table& table, Node& out) {
  for (const auto& [key, value] : table)
    out.members.push_back({std::string(key.str()), place_of(key.source()), convert(value)});
  std::stable_sort(out.members.begin(), out.members.end(), [](const Member& a, const Member& b) {
    return std::tuple(a.place.line, a.place.column) < std::tuple(b.place.line, b.place.column);
  });
}

Node convert(const toml::node& node) {
  Node out;
  out.place = place_of(node.source());
  if (const auto* table = node.as_table()) {
    set_table(*table, out);
  } else if (const auto* array = node.as_array()) {
    out.kind = Node::Kind::array;
    for (const auto& item : *array) out.items.push_back(convert(item));
  } else if (const auto* text = node.as_string()) {
    out.kind = Node::Kind::string;
    out.text = text->get();
  } else if (const auto* integer = node.as_integer()) {
    out.kind = Node::Kind::integer;
    out.integer = integer->get();
  } else if (const auto* boolean = node.as_boolean()) {
    out.kind = Node::Kind::boolean;
    out.boolean = boolean->get();
  } else if (const auto* date = node.as_date()) {
    out.kind = Node::Kind::date;
    out.integer = day_ms(date->get());
  } else if (const auto* time = node.as_date_time()) {
    set_time(time->get(), out);
  } else {
    out.kind = node.is_time() ? Node::Kind::local_time : Node::Kind::number;
  }
  return out;
}

// Follows strings and comments as far as it must to tell a dot in a key from any other. toml++ makes a table for each
// part of a key and takes them down recursively, so a key of a million parts would end the program.
class KeyScanner {
 public:
  explicit KeyScanner(std::string_view text) : text_(text) {}
  std::optional<Place> long_key() {
    for (unsigned parts = 1; at_ < text_.size(); step()) {
      const char c = text_[at_];
      if (c == '#') {
        while (at_ + 1 < text_.size() && text_[at_ + 1] != '\n') step();
      } else if (c == '"' || c == '\'') {
        to_end_of_string(c);
      } else if (c == '.') {
        if (++parts > kMostKeyParts) return place_;
      } else if (in_no_key(c)) {
        parts = 1;
      }
    }
    return std::nullopt;
  }

 private:
  static bool in_no_key(char c) { return std::string_view("\n\r=,[]{}:+").find(c) != std::string_view::npos; }
  void step() {
    if (at_ >= text_.size()) return;  // an open string ends with the text
    const char c = text_[at_++];
    if (c == '\n') {
      place_ = {place_.line + 1, 1};
    } else if ((static_cast<unsigned char>(c) & 0xc0U) != 0x80U) {
      ++place_.column;
    }
  }
  // From the first quote to the last one, or to where the text is wrong anyway.
  void to_end_of_string(char quote) {
    const std::string fence(3, quote);
    const bool many_lines = text_.substr(at_, 3) == fence;
    for (int i = 0; i < (many_lines ? 3 : 1); ++i) step();
    for (; at_ < text_.size(); step()) {
      if (!many_lines && (text_[at_] == quote || text_[at_] == '\n')) return;
      if (many_lines && text_.substr(at_, 3) == fence) break;
      if (quote == '"' && text_[at_] == '\\' && at_ + 1 < text_.size()) step();
    }
    // A string over many lines may end in one or two quotes of its own, before the three that close it.
    while (at_ + 1 < text_.size() && text_[at_ + 1] == quote) step();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Place place_{1, 1};
};

bool has_defect(std::string_view text) {
  try {
    static_cast<void>(toml::parse(text));
  } catch (const TomlDefect&) {
    return true;
  } catch (const toml::parse_error&) {
    return false;
  }
  return false;
}

// A broken promise has no place. It shows in every beginning of the text that holds its line, and in no shorter one.
unsigned line_of_defect(std::string_view text) {
  std::vector<std::size_t> ends;
  for (std::size_t at = 0; at < text.size(); at = ends.back())
    ends.push_back(std::min(text.find('\n', at), text.size() - 1) + 1);
  const auto first =
      std::partition_point(ends.begin(), ends.end(), [&](std::size_t end) { return !has_defect(text.substr(0, end)); });
  return static_cast<unsigned>(std::min(first - ends.begin() + 1, static_cast<std::ptrdiff_t>(ends.size())));
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  const auto at = std::find_if(members.begin(), members.end(), [&](const Member& member) { return member.key == key; });
  return at == members.end() ? nullptr : &at->value;
}

const char* kind_word(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::table:
      return "a table";
    case Node::Kind::array:
      return "a list";
    case Node::Kind::string:
      return "a text";
    case Node::Kind::integer:
      return "an integer";
    case Node::Kind::number:
      return "a number with a fraction";
    case Node::Kind::boolean:
      return "true or false";
    case Node::Kind::date:
      return "a date";
    case Node::Kind::instant:
      return "a date and time";
    case Node::Kind::local_time:
      return "a time without its zone";
  }
  return "";
}

TomlText parse_toml(std::string_view bytes) {
  TomlText out;
  out.error_place = KeyScanner(bytes).long_key();
  if (out.error_place) {
    out.error = "a key has more than " + std::to_string(kMostKeyParts) + " parts";
    return out;
  }
  try {
    const toml::table table = toml::parse(bytes);
    out.root = convert(table);
  } catch (const toml::parse_error& error) {
    out.error_place = place_of(error.source());
    shared::append_visible(out.error, error.description(), 300, "");
  } catch (const TomlDefect&) {
    out.error_place = Place{line_of_defect(bytes), 1};
    out.error = "this line is not understood";
  }
  return out;
}

}  // namespace triage_policy
