// SPDX-License-Identifier: Apache-2.0
#include "config/pipeline_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "config/document.hpp"
#include "config/overrides.hpp"
#include "config/paths.hpp"
#include "config/pipeline_schema.hpp"
#include "config/problems.hpp"
#include "config/schema.hpp"
#include "config/settings.hpp"
#include "config/value.hpp"
#include "fs/read_path.hpp"

namespace signalfoundry::config {

namespace {

using nlohmann::json;

constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 20U;
constexpr const char* kLowerDigitsDash = "abcdefghijklmnopqrstuvwxyz0123456789-";
constexpr const char* kLowerDigitsDashUnderscore = "abcdefghijklmnopqrstuvwxyz0123456789-_";

const Section& section(const std::string& key) {
  const auto& all = pipeline_sections();
  return *std::find_if(all.begin(), all.end(), [&](const Section& one) { return one.key == key; });
}

// The value where it passed its check; a value that did not is null.
template <class T>
T value_or(const json& values, const char* key, T otherwise) {
  const auto found = values.find(key);
  return found == values.end() || found->is_null() ? otherwise : found->get<T>();
}

class PipelineReader {
 public:
  PipelineReader(const Options& options, const SchemaOf& schema_of)
      : options_(options), schema_of_(schema_of), here_(current_directory()) {}

  // Without `bytes`, the file is read.
  Loaded read(const std::string& file, std::optional<std::string_view> bytes);

 private:
  struct Schema {
    json schema;
    std::string refusal;
  };

  void document(const Value& root);
  json read_section(const Value& root, const std::string& key, const json& schema);
  void pipeline(const Value& root);
  void disk(const Value& root);
  void stages(const Value& root);
  void stage(const Value& table, std::size_t number);
  void stage_name(const Value& table, const std::string& where);
  void settings(const Value& table, const std::string& called, const Schema* found);
  const Schema& schema_of(const std::string& plugin);
  void misplaced_settings(Value& header, const json& schema, const std::string& where);
  void unused_overrides();

  const Options& options_;
  const SchemaOf& schema_of_;
  const std::string here_;
  std::shared_ptr<const Origin> origin_;
  PipelineConfig config_;
  Problems problems_;
  std::vector<Override> overrides_;
  std::map<std::string, Schema> schemas_;
};

Loaded PipelineReader::read(const std::string& file, std::optional<std::string_view> bytes) {
  config_.file = absolute_path(here_, file);
  origin_ = std::make_shared<const Origin>(Origin{file, parent_of(config_.file), true});
  overrides_ = read_overrides(options_.set, here_, problems_);
  try {
    std::string read;
    if (!bytes) bytes = read = fs::read_path(config_.file, kLargestFile);
    config_.digest = sha256_hex(*bytes);
    if (const auto root = parse_document(*bytes, origin_, problems_)) document(*root);
  } catch (const Error& error) {
    problems_.add({origin_, 0, 0}, error.what());
  }
  Loaded out;
  out.problems = problems_.take();
  out.pipeline = std::move(config_);
  return out;
}

void PipelineReader::document(const Value& root) {
  std::vector<std::string> known;
  for (const auto& one : pipeline_sections()) known.push_back(one.key);
  for (const auto& member : root.members)
    if (std::find(known.begin(), known.end(), member.key) == known.end())
      add_unknown_key(member.key, member.place, known, "the pipeline file", problems_);
  pipeline(root);
  const json schedule = read_section(root, "schedule", section("schedule").schema);
  config_.every_ms = value_or<std::int64_t>(schedule, "every", 0);
  disk(root);
  const json plugins = read_section(root, "plugins", section("plugins").schema);
  config_.allow_draft = value_or(plugins, "allow_draft", false);
  for (const auto& path : value_or(plugins, "paths", json::array()))
    if (path.is_string()) config_.plugin_paths.push_back(path.get<std::string>());
  stages(root);
  unused_overrides();
}

json PipelineReader::read_section(const Value& root, const std::string& key, const json& schema) {
  const auto& heading = section(key).heading;
  Value empty;
  empty.place = {origin_, 0, 0};
  const Value* table = root.find(key);
  if (table != nullptr && table->kind != Kind::table) {
    problems_.add(table->place,
                  fmt::format("{} must be a table, not {}. Write {} on a line of its own and its keys below.",
                              quoted(key), kind_name(table->kind), heading));
    return json::object();
  }
  return check_settings(table == nullptr ? empty : *table, schema, {heading, options_.check_files}, problems_).values;
}

void PipelineReader::pipeline(const Value& root) {
  json schema = section("pipeline").schema;
  if (!options_.state.empty()) schema["required"] = {"name"};
  const json values = read_section(root, "pipeline", schema);
  config_.name = value_or<std::string>(values, "name", "");
  config_.state = value_or<std::string>(values, "state", "");
  config_.workers = value_or(values, "workers", config_.workers);
  config_.batch = value_or(values, "batch", config_.batch);
  config_.max_alert_bytes = value_or(values, "max_alert_bytes", config_.max_alert_bytes);
  if (!options_.state.empty()) config_.state = absolute_path(here_, options_.state);
  if (config_.name.find_first_not_of(kLowerDigitsDash) != std::string::npos)
    problems_.add(root.find("pipeline")->find("name")->place,
                  "\"name\" in [pipeline] may hold a-z, 0-9 and \"-\" only. Write name = \"soc\".");
}

void PipelineReader::disk(const Value& root) {
  const json values = read_section(root, "disk", section("disk").schema);
  auto& marks = config_.disk;
  marks.low_mib = value_or(values, "low_mib", marks.low_mib);
  marks.low_inodes = value_or(values, "low_inodes", marks.low_inodes);
  marks.critical_mib = value_or(values, "critical_mib", marks.critical_mib);
  marks.critical_inodes = value_or(values, "critical_inodes", marks.critical_inodes);
  const auto in_order = [&](const char* unit, std::uint64_t low, std::uint64_t critical) {
    if (low == 0 || critical <= low) return;
    problems_.add(root.find("disk")->place,
                  fmt::format("in [disk] critical_{0} ({1}) is over low_{0} ({2}), so the run would stop before the "
                              "sources are held back. Swap them.",
                              unit, critical, low));
  };
  if (root.find("disk") == nullptr) return;
  in_order("mib", marks.low_mib, marks.critical_mib);
  in_order("inodes", marks.low_inodes, marks.critical_inodes);
}

void PipelineReader::stages(const Value& root) {
  const Value* list = root.find("stage");
  if (list == nullptr) {
    problems_.add({origin_, 0, 0}, "there is no [[stage]]. Add at least one, with name and plugin.");
    return;
  }
  if (list->kind != Kind::array) {
    problems_.add(list->place, "\"stage\" is a list. Write [[stage]], with two brackets, before each stage.");
    return;
  }
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    if (list->items[i].kind == Kind::table)
      stage(list->items[i], i + 1);
    else
      problems_.add(list->items[i].place, "a stage must be a table. Write [[stage]] and its keys below.");
  }
}

void PipelineReader::stage(const Value& table, std::size_t number) {
  const Value* name = table.find("name");
  const bool named = name != nullptr && name->kind == Kind::string && !name->text.empty();
  const auto called = named ? quoted(name->text) : fmt::format("number {}", number);
  const auto where = "[[stage]] " + called;
  config_.stages.emplace_back();
  auto& out = config_.stages.back();
  out.line = table.place.line;
  out.column = table.place.column;
  if (named) out.name = name->text;

  const Schema* found = nullptr;
  const Value* plugin = table.find("plugin");
  if (plugin != nullptr && plugin->kind == Kind::string && !plugin->text.empty() &&
      plugin->text.find('\0') == std::string::npos) {
    const bool is_path = plugin->text.find('/') != std::string::npos;
    out.plugin = is_path ? absolute_path(origin_->directory, plugin->text) : plugin->text;
    found = &schema_of(out.plugin);
    out.refusal = found->refusal;
    if (!found->refusal.empty()) problems_.add(plugin->place, found->refusal);
  }
  Value header = table;
  header.remove("settings");
  if (found != nullptr && found->refusal.empty()) misplaced_settings(header, found->schema, where);
  check_settings(header, section("stage").schema, {where, options_.check_files}, problems_);
  if (named) stage_name(table, where);
  const auto before = problems_.count();
  settings(table, called, found);
  out.usable = found != nullptr && found->refusal.empty() && problems_.count() == before;
}

void PipelineReader::stage_name(const Value& table, const std::string& where) {
  const Value& name = *table.find("name");
  const bool letter = name.text[0] >= 'a' && name.text[0] <= 'z';
  if (!letter || name.text.find_first_not_of(kLowerDigitsDashUnderscore) != std::string::npos)
    problems_.add(name.place, fmt::format("\"name\" in {} must begin with a-z and go on with a-z, 0-9, \"_\" or \"-\". "
                                          "Write name = \"poll\".",
                                          where));
  const auto& all = config_.stages;
  const auto first =
      std::find_if(all.begin(), all.end(), [&](const StageConfig& one) { return one.name == name.text; });
  if (first + 1 != all.end())
    problems_.add(name.place, fmt::format("stage {} is there twice; the first is in line {}. Rename one of them.",
                                          quoted(name.text), first->line));
}

// A setting that stands one table too high is known to the plugin, so "unknown key" would send its author astray.
void PipelineReader::misplaced_settings(Value& header, const json& schema, const std::string& where) {
  const auto members = header.members;
  for (const auto& member : members) {
    const bool own = properties_of(section("stage").schema).contains(member.key);
    if (own || !properties_of(schema).contains(member.key)) continue;
    problems_.add(member.place, fmt::format("{} in {} is a setting of the plugin. Put it below [stage.settings].",
                                            quoted(member.key), where));
    header.remove(member.key);
  }
}

void PipelineReader::settings(const Value& table, const std::string& called, const Schema* found) {
  auto& out = config_.stages.back();
  const auto where = "[stage.settings] of stage " + called;
  Value given;
  given.place = table.place;
  if (const Value* own = table.find("settings")) {
    if (own->kind != Kind::table) {
      problems_.add(own->place,
                    fmt::format("\"settings\" of stage {} must be a table, not {}. Write [stage.settings] on a line "
                                "of its own and its keys below.",
                                called, kind_name(own->kind)));
      return;
    }
    given = *own;
  }
  if (found == nullptr || !found->refusal.empty()) return;
  for (const auto& override : overrides_)
    if (override.stage == out.name) apply(override, found->schema, given);
  const CheckOptions how{where, options_.check_files, options_.check_secrets};
  Settings checked = check_settings(given, found->schema, how, problems_);
  out.settings = std::move(checked.values);
  out.secrets = std::move(checked.secrets);
  out.paths = std::move(checked.paths);
}

const PipelineReader::Schema& PipelineReader::schema_of(const std::string& plugin) {
  const auto known = schemas_.find(plugin);
  if (known != schemas_.end()) return known->second;
  Schema& out = schemas_[plugin];
  try {
    out.schema = schema_of_(plugin, config_);
    const auto defect = check_schema(out.schema);
    if (!defect.empty())
      out.refusal = fmt::format("the settings schema of plugin {} is refused: {}", quoted(plugin), defect);
  } catch (const std::exception& error) {
    out.refusal = error.what();
    if (out.refusal.empty()) out.refusal = fmt::format("plugin {} cannot be used.", quoted(plugin));
  }
  return out;
}

void PipelineReader::unused_overrides() {
  std::vector<std::string> names;
  for (const auto& one : config_.stages) names.push_back(one.name);
  for (const auto& override : overrides_) {
    if (std::find(names.begin(), names.end(), override.stage) != names.end()) continue;
    const auto near = suggest(override.stage, names);
    problems_.add({override.origin, 0, 0},
                  fmt::format("there is no stage {}. {}", quoted(override.stage),
                              near.empty() ? fmt::format("The stages are {}.", listed(names, "and"))
                                           : fmt::format("Did you mean {}?", quoted(near))));
  }
}

}  // namespace

Loaded load_pipeline(const std::string& file, const Options& options, const SchemaOf& schema_of) {
  return PipelineReader(options, schema_of).read(file, std::nullopt);
}

Loaded read_pipeline(const std::string& file, std::string_view bytes, const Options& options,
                     const SchemaOf& schema_of) {
  return PipelineReader(options, schema_of).read(file, bytes);
}

}  // namespace signalfoundry::config
