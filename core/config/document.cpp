// SPDX-License-Identifier: Apache-2.0
#include "config/document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "config/long_key.hpp"
#include "config/toml.hpp"

namespace signalfoundry::config {

namespace {

Place place_of(const toml::source_region& source, const std::shared_ptr<const Origin>& origin) {
  return {origin, source.begin.line, source.begin.column};
}

Value convert(const toml::node& node, const std::shared_ptr<const Origin>& origin);

void convert_table(const toml::table& table, const std::shared_ptr<const Origin>& origin, Value& out) {
  out.kind = Kind::table;
  for (const auto& [key, value] : table)
    out.members.push_back({std::string(key.str()), place_of(key.source(), origin), convert(value, origin)});
  std::stable_sort(out.members.begin(), out.members.end(), [](const Member& a, const Member& b) {
    return std::tuple(a.place.line, a.place.column) < std::tuple(b.place.line, b.place.column);
  });
}

Value convert(const toml::node& node, const std::shared_ptr<const Origin>& origin) {
  Value out;
  out.place = place_of(node.source(), origin);
  if (const auto* table = node.as_table()) {
    convert_table(*table, origin, out);
  } else if (const auto* array = node.as_array()) {
    out.kind = Kind::array;
    for (const auto& item : *array) out.items.push_back(convert(item, origin));
  } else if (const auto* text = node.as_string()) {
    out.kind = Kind::string;
    out.text = text->get();
  } else if (const auto* integer = node.as_integer()) {
    out.kind = Kind::integer;
    out.integer = integer->get();
  } else if (const auto* number = node.as_floating_point()) {
    out.kind = Kind::number;
    out.number = number->get();
  } else if (const auto* boolean = node.as_boolean()) {
    out.kind = Kind::boolean;
    out.boolean = boolean->get();
  } else {
    out.kind = Kind::date;
  }
  return out;
}

void add_syntax_error(Problems& problems, const Place& place, std::string_view what) {
  problems.add(place, fmt::format("this is not valid TOML: {}. Correct it; what comes after is checked then.",
                                  printable(what, 300)));
}

bool has_defect(std::string_view text) {
  try {
    static_cast<void>(toml::parse(text));
  } catch (const ParserDefect&) {
    return true;
  } catch (const toml::parse_error&) {
    return false;
  }
  return false;
}

// A failed assertion has no place. It shows in every beginning of the text that holds its line, and in none that does
// not.
unsigned line_of_defect(std::string_view text) {
  std::vector<std::size_t> ends;
  for (std::size_t at = 0; at < text.size(); at = ends.back())
    ends.push_back(std::min(text.find('\n', at), text.size() - 1) + 1);
  const auto found =
      std::partition_point(ends.begin(), ends.end(), [&](std::size_t end) { return !has_defect(text.substr(0, end)); });
  return static_cast<unsigned>(std::min(found - ends.begin() + 1, std::ptrdiff_t(ends.size())));
}

}  // namespace

std::optional<Value> parse_document(std::string_view text, const std::shared_ptr<const Origin>& origin,
                                    Problems& problems) {
  if (const auto at = find_long_key(text)) {
    problems.add({origin, at->line, at->column},
                 fmt::format("this key has more than {} parts. Write it shorter.", kMostKeyParts));
    return std::nullopt;
  }
  try {
    const toml::table table = toml::parse(text, origin->name);
    return convert(table, origin);
  } catch (const toml::parse_error& error) {
    add_syntax_error(problems, place_of(error.source(), origin), error.description());
  } catch (const ParserDefect&) {
    add_syntax_error(problems, {origin, line_of_defect(text), 1}, "this line is not understood");
  }
  return std::nullopt;
}

std::optional<Value> parse_value(std::string_view text, const std::shared_ptr<const Origin>& origin) {
  Problems unused;
  auto table = parse_document("v = " + std::string(text), origin, unused);
  if (!table || table->members.size() != 1 || table->members[0].key != "v") return std::nullopt;
  return std::move(table->members[0].value);
}

}  // namespace signalfoundry::config
