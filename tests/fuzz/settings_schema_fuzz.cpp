// SPDX-License-Identifier: Apache-2.0
//
// Goal: any JSON is a settings schema or refused with a sentence; against a schema any table is settings or has
// problems, and settings that were accepted are accepted again, unchanged. Input: a schema in the first line, TOML in
// the others.
#include "config/schema.hpp"

#include "alert/json.hpp"
#include "config/document.hpp"
#include "config/settings.hpp"
#include "fuzz.hpp"

using namespace signalfoundry;
using fuzz::hold;
namespace config = signalfoundry::config;

namespace {

config::Settings check(const config::Value& table, const Json& schema, std::vector<config::Problem>& found) {
  config::Problems problems;
  auto settings = config::check_settings(table, schema, {"[stage.settings]", false}, problems);
  found = problems.take();
  for (const auto& problem : found) hold(fuzz::sentence(problem.text()));
  return settings;
}

void check_table(const config::Value& table, const Json& schema, bool plain) {
  std::vector<config::Problem> found;
  const auto settings = check(table, schema, found);
  if (!found.empty()) return;
  hold(settings.values.is_object());
  if (!plain) return;  // a path is absolute afterwards, a duration a number, a secret a word
  const auto again = check(config::value_of(settings.values, table.place), schema, found);
  hold(found.empty() && again.values == settings.values);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [head, toml] = fuzz::cut(fuzz::text_of(data, size), "\n");
  try {
    const Json schema = parse_json(head);
    const auto wrong = config::check_schema(schema);
    hold(wrong.empty() || fuzz::sentence(wrong, 2000));
    if (!wrong.empty()) return 0;
    const auto origin = std::make_shared<const config::Origin>(config::Origin{"p.toml", "/", true});
    config::Problems problems;
    const auto table = config::parse_document(toml, origin, problems);
    if (table) check_table(*table, schema, head.find("x-sf-") == std::string_view::npos);
  } catch (const Rejected&) {
    return 0;
  }
  return 0;
}
