// SPDX-License-Identifier: Apache-2.0
//
// source_file - alerts from a file of JSON Lines or a directory of JSON files.
#include <signalfoundry/wazuh_mapping.hpp>

#include <nlohmann/json.hpp>

#include "json_files.hpp"
#include "json_lines.hpp"
#include "live_file.hpp"

namespace source_file {

namespace {

constexpr const char* kSchema = R"json({
  "type": "object",
  "additionalProperties": false,
  "required": ["path"],
  "properties": {
    "path": {
      "type": "string", "x-sf-path": true,
      "description": "The file with one alert a line, or the directory of *.json files. Relative to the pipeline file."
    },
    "format": {
      "type": "string", "enum": ["jsonl", "dir"], "default": "jsonl",
      "description": "jsonl: one alert or search hit a line. dir: one alert or search hit a file."
    },
    "follow": {
      "type": "boolean", "default": false,
      "description": "false: read once per process, from the start. true: go on where the last run ended."
    },
    "rotated": {
      "type": "string",
      "description": "With follow: a pattern (*, ?) of its rotated files. Unset: Wazuh's dated ones, or NAME.*, NAME-*."
    }
  }
})json";

class SourceFile final : public sf::Source {
 public:
  void configure(const sf::Host& host, std::string_view settings) override {
    const auto json = nlohmann::json::parse(settings);
    auto path = json.at("path").get<std::string>();
    const bool follow = json.value("follow", false);
    const bool dir = json.value("format", std::string("jsonl")) == "dir";
    auto rotated = json.value("rotated", std::string());
    if (json.contains("rotated") && (dir || !follow || rotated.empty() || rotated.find('/') != std::string::npos))
      throw sf::Error(SF_INVALID,
                      "setting \"rotated\" is a pattern of file names such as \"alerts.json.*\", and goes with "
                      "follow = true and format = \"jsonl\"; correct it, or leave it out");
    if (dir)
      reader_ = std::make_unique<JsonFiles>(host, std::move(path), follow);
    else if (follow)
      reader_ = std::make_unique<LiveFile>(host, path, std::move(rotated));
    else
      reader_ = std::make_unique<JsonLines>(host, path);
  }
  std::string mapping() override { return std::string(sf::kWazuhMapping); }
  void open(std::string_view position) override { reader_->open(position); }
  sf::Poll poll(const sf::Emitter& out, uint32_t max_records, uint32_t /*wait_ms*/) override {
    return reader_->poll(out, max_records);
  }
  bool preflight(const sf::Checks& out) override {
    reader_->preflight(out);
    return true;
  }

 private:
  std::unique_ptr<Reader> reader_;
};

}  // namespace
}  // namespace source_file

SF_SOURCE_PLUGIN(source_file::SourceFile, .id = "source_file", .version = "1.0.0",
                 .summary = "Reads alerts from a file of JSON Lines or a directory of JSON files.",
                 .license = "Apache-2.0", .config_schema = source_file::kSchema);
