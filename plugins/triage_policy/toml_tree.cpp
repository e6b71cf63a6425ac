// SPDX-License-Identifier: Apache-2.0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include "toml_tree.hpp"

#include <toml++/toml.h>

#include <algorithm>

#include "policy_text.hpp"

namespace triage_policy {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

Place place_of(const toml::source_region& source) { return {source.begin.line, source.begin.column}; }

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
    return a.place.line != b.place.line ? a.place.line < b.place.line : a.place.column < b.place.column;
  });
}

Node convert(const toml::node& node) {
  Node out;
  out.place = place_of(node.source());
  node.visit([&](const auto& value) {
    using Value = std::decay_t<decltype(value)>;
    if constexpr (toml::is_table<Value>) {
      set_table(value, out);
    } else if constexpr (toml::is_array<Value>) {
      out.kind = Node::Kind::array;
      for (const auto& item : value) out.items.push_back(convert(item));
    } else if constexpr (toml::is_string<Value>) {
      out.kind = Node::Kind::string;
      out.text = value.get();
    } else if constexpr (toml::is_integer<Value>) {
      out.kind = Node::Kind::integer;
      out.integer = value.get();
    } else if constexpr (toml::is_boolean<Value>) {
      out.kind = Node::Kind::boolean;
      out.boolean = value.get();
    } else if constexpr (toml::is_date<Value>) {
      out.kind = Node::Kind::date;
      out.integer = day_ms(value.get());
    } else if constexpr (toml::is_date_time<Value>) {
      set_time(value.get(), out);
    } else {
      out.kind = toml::is_time<Value> ? Node::Kind::local_time : Node::Kind::number;
    }
  });
  return out;
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  const auto at = std::find_if(members.begin(), members.end(), [&](const Member& member) { return member.key == key; });
  return at == members.end() ? nullptr : &at->value;
}

const char* kind_word(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::table: return "a table";
    case Node::Kind::array: return "a list";
    case Node::Kind::string: return "a text";
    case Node::Kind::integer: return "an integer";
    case Node::Kind::number: return "a number with a fraction";
    case Node::Kind::boolean: return "true or false";
    case Node::Kind::date: return "a date";
    case Node::Kind::instant: return "a date and time";
    case Node::Kind::local_time: return "a time without its zone";
  }
  return "";
}

TomlText parse_toml(std::string_view bytes) {
  TomlText out;
  try {
    const toml::table table = toml::parse(bytes);
    out.root = convert(table);
  } catch (const toml::parse_error& error) {
    out.error_place = place_of(error.source());
    out.error = std::string(error.description());
  }
  return out;
}

}  // namespace triage_policy
