// SPDX-License-Identifier: Apache-2.0
//
// Goal: any text is a pipeline or refused, each problem a sentence with its place; what is accepted keeps the promises
// of PipelineConfig, and a TOML value that is written again is read as the same value. Input: a pipeline file.
#include "config/pipeline_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "alert/json.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "config/document.hpp"
#include "fuzz.hpp"
#include "source_wazuh/schema.hpp"

using namespace signalfoundry;
using fuzz::hold;
namespace config = signalfoundry::config;

namespace {

nlohmann::json schema_of(const std::string& plugin, const config::PipelineConfig&) {
  if (plugin == "source_wazuh") return nlohmann::json::parse(source_wazuh::kSchema);
  if (plugin == "queue_cap")
    return nlohmann::json::parse(
        R"({"type":"object","properties":{"cap":{"type":"integer","default":2000,"minimum":1,"maximum":100000}}})");
  if (plugin == "many")
    return nlohmann::json::parse(
        R"({"type":"object","properties":{"word":{"type":"string","enum":["one","two"],"default":"one"},)"
        R"("list":{"type":"array","minItems":1,"items":{"type":"string","x-sf-path":true}},"ratio":{"type":"number"},)"
        R"("on":{"type":"boolean"},"tls":{"type":"object","required":["ca"],"properties":{"ca":{"type":"string"}}}}})");
  throw Error(Exit::config, "there is no such plugin. Write queue_cap.");
}

void check_problems(std::string_view text, const std::vector<config::Problem>& problems) {
  const auto lines = static_cast<unsigned>(std::count(text.begin(), text.end(), '\n')) + 1;
  hold(problems.size() <= 1001);
  for (const auto& problem : problems) {
    hold(problem.line <= lines && (problem.line == 0 || problem.column > 0));
    hold(problem.text().starts_with("p.toml:") && fuzz::sentence(problem.text()));
  }
}

void check_accepted(std::string_view text, const config::PipelineConfig& pipeline) {
  hold(pipeline.digest == sha256_hex(text) && !pipeline.name.empty() && pipeline.state.starts_with("/"));
  hold(pipeline.batch >= 1 && pipeline.batch <= 10'000 && pipeline.every_ms >= 0 && !pipeline.stages.empty());
  for (const auto& path : pipeline.plugin_paths) hold(path.starts_with("/"));
  for (const auto& stage : pipeline.stages) {
    hold(stage.refusal.empty() && !stage.name.empty() && stage.settings.is_object());
    hold(std::count_if(pipeline.stages.begin(), pipeline.stages.end(),
                       [&](const auto& other) { return other.name == stage.name; }) == 1);
    for (const auto& [name, path] : stage.paths) hold(path.starts_with("/"));
    for (const auto& [name, secret] : stage.secrets) hold(secret.file.empty() != secret.env.empty());
    if (stage.plugin == "queue_cap") hold(stage.settings.at("cap") >= 1 && stage.settings.at("cap") <= 100'000);
  }
}

// As TOML. Dates are not kept, so a value with one has no text.
bool write(const config::Value& value, std::string& out) {
  switch (value.kind) {
    case config::Kind::string:
      out += json_quote(value.text);
      return true;
    case config::Kind::integer:
      out += std::to_string(value.integer);
      return true;
    case config::Kind::number:
      out += std::isfinite(value.number) ? fmt::format("{:.17e}", value.number) : fmt::format("{}", value.number);
      return true;
    case config::Kind::boolean:
      out += value.boolean ? "true" : "false";
      return true;
    case config::Kind::date:
      return false;
    case config::Kind::array:
      out += '[';
      for (const auto& item : value.items) {
        if (!write(item, out)) return false;
        out += ',';
      }
      out += ']';
      return true;
    case config::Kind::table:
      out += '{';
      for (const auto& member : value.members) {
        out += (&member == value.members.data() ? "" : ",") + json_quote(member.key) + '=';
        if (!write(member.value, out)) return false;
      }
      out += '}';
      return true;
  }
  return false;
}

bool same(const config::Value& a, const config::Value& b) {
  if (a.kind != b.kind || a.text != b.text || a.integer != b.integer || a.boolean != b.boolean) return false;
  if (a.number != b.number && !(std::isnan(a.number) && std::isnan(b.number))) return false;
  return std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), same) &&
         std::equal(a.members.begin(), a.members.end(), b.members.begin(), b.members.end(),
                    [](const auto& x, const auto& y) { return x.key == y.key && same(x.value, y.value); });
}

void check_round_trip(std::string_view text) {
  const auto origin = std::make_shared<const config::Origin>(config::Origin{"p.toml", "/", true});
  config::Problems problems;
  const auto document = config::parse_document(text, origin, problems);
  hold(document.has_value() == (problems.count() == 0));
  if (!document) return;
  for (const auto& member : document->members) {
    std::string written;
    if (!write(member.value, written)) continue;
    const auto again = config::parse_value(written, origin);
    hold(again && same(*again, member.value));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::text_of(data, size);
  config::Options options;
  options.check_files = false;
  const auto loaded = config::read_pipeline("p.toml", text, options, schema_of);
  check_problems(text, loaded.problems);
  if (loaded.problems.empty()) check_accepted(text, loaded.pipeline);
  check_round_trip(text);
  return 0;
}
