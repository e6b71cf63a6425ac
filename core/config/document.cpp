// SPDX-License-Identifier: Apache-2.0
#include "config/document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "base/text.hpp"
#include "config/toml_guard.hpp"

// An assertion of toml++ that fails is undefined behaviour where NDEBUG is defined. toml_guard.hpp keeps away the texts
// that are known to reach one; for the others each assertion throws, in every build.
namespace signalfoundry::config {
namespace {
struct ParserDefect {};
[[noreturn]] void parser_defect() {
  throw ParserDefect();
}
}  // namespace
}  // namespace signalfoundry::config

#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(expr) ((expr) ? static_cast<void>(0) : ::signalfoundry::config::parser_defect())
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 1
#define TOML_ENABLE_FORMATTERS 0
#define TOML_MAX_NESTED_VALUES 32
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")

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

}  // namespace

std::optional<Value> parse_document(std::string_view text, const std::shared_ptr<const Origin>& origin,
                                    Problems& problems) {
  if (const auto defect = find_toml_defect(text)) {
    problems.add({origin, defect->line, defect->column}, "this is not valid TOML here: " + defect->what);
    return std::nullopt;
  }
  try {
    const toml::table table = toml::parse(text, origin->name);
    return convert(table, origin);
  } catch (const toml::parse_error& error) {
    add_syntax_error(problems, place_of(error.source(), origin), error.description());
  } catch (const ParserDefect&) {
    add_syntax_error(problems, {origin, 0, 0}, "the parser gives up on it");
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
