// SPDX-License-Identifier: Apache-2.0
#include "config/overrides.hpp"

#include <cstddef>
#include <utility>

#include "base/text.hpp"
#include "config/document.hpp"
#include "config/settings.hpp"

namespace signalfoundry::config {

namespace {

constexpr std::size_t kMostParts = 8;

Value plain_text(const Override& override) {
  Value value;
  value.kind = Kind::string;
  value.text = override.text;
  value.place.origin = override.origin;
  return value;
}

Value value_of(const Override& override, const nlohmann::json& schema) {
  auto parsed = parse_value(override.text, override.origin);
  if (!parsed) return plain_text(override);
  const auto* own = find_schema(schema, override.key);
  const bool string = own != nullptr && own->at("type") == "string" && !own->contains("x-sf-secret");
  return string && parsed->kind != Kind::string ? plain_text(override) : std::move(*parsed);
}

bool well_formed(const std::string& key) {
  std::size_t parts = 1;
  if (key.empty() || key.front() == '.' || key.back() == '.' || key.find("..") != std::string::npos) return false;
  for (const char c : key) parts += c == '.' ? 1U : 0U;
  return parts <= kMostParts;
}

}  // namespace

std::vector<Override> read_overrides(const std::vector<std::string>& texts, const std::string& directory,
                                     Problems& problems) {
  std::vector<Override> out;
  for (const auto& text : texts) {
    const auto equals = text.find('=');
    const auto name = text.substr(0, equals);
    const auto origin = std::make_shared<const Origin>(Origin{"--set " + printable(name), directory, false});
    const auto dot = name.find('.');
    const auto key = dot == std::string::npos ? std::string() : name.substr(dot + 1);
    if (equals == std::string::npos || dot == 0 || !well_formed(key))
      problems.add({origin, 0, 0}, "this is not stage.key=value. Write it like --set poll.page_size=500.");
    else if (!valid_utf8(text))
      problems.add({origin, 0, 0}, "the value is not UTF-8. Write it in UTF-8.");
    else
      out.push_back({name.substr(0, dot), key, text.substr(equals + 1), origin});
  }
  return out;
}

void apply(const Override& override, const nlohmann::json& schema, Value& settings) {
  Value* at = &settings;
  std::size_t begin = 0;
  for (;;) {
    const std::size_t end = override.key.find('.', begin);
    const auto part = override.key.substr(begin, end - begin);
    if (end == std::string::npos) {
      at->put(part, value_of(override, schema));
      return;
    }
    Value next;
    if (const Value* found = at->find(part); found != nullptr && found->kind == Kind::table) next = *found;
    next.place.origin = override.origin;
    at = &at->put(part, std::move(next));
    begin = end + 1;
  }
}

}  // namespace signalfoundry::config
