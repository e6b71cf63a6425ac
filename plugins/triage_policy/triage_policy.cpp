// SPDX-License-Identifier: Apache-2.0
#include <signalfoundry/plugin.hpp>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy.hpp"
#include "policy_file.hpp"

namespace {

constexpr std::uint64_t kMaxFileBytes = 16U << 20U;
constexpr std::size_t kMaxLogged = 1000;

constexpr const char* kSchema = R"json({
  "type": "object",
  "additionalProperties": false,
  "required": ["policy"],
  "properties": {
    "policy": {
      "type": "string", "x-sf-path": true, "x-sf-must-exist": true,
      "description": "The policy file (docs/reference/policy.md), relative to the file that names it."
    },
    "aliases": {
      "type": "string", "x-sf-path": true, "x-sf-must-exist": true,
      "description": "A file with an [aliases] table: other names of hosts, beside those in the policy."
    }
  }
})json";

// The runner's record, read through paths that were compiled once.
class RecordView final : public triage_policy::AlertView {
 public:
  RecordView(const sf::Record& record, const std::vector<sf::Path>& fields, const sf::Path& level)
      : record_(record), fields_(fields), level_(level) {}
  void each_text(std::size_t field, triage_policy::TextSink& sink) const override {
    record_.each_text(fields_[field], [&](std::string_view text) { return sink.take(text), true; });
  }
  std::optional<std::int64_t> level() const override { return record_.integer(level_); }

 private:
  const sf::Record& record_;
  const std::vector<sf::Path>& fields_;
  const sf::Path& level_;
};

std::string read_setting_file(const sf::Host& host, const std::string& key, const std::string& path) {
  const auto refuse = [&](const std::string& why) { return sf::Error(SF_INVALID, path + ": " + why); };
  const auto dir = sf::fs::Dir::open(host, "parent:" + key);
  if (!dir) throw refuse("its directory is not there. Correct the setting " + key + ".");
  const auto entry = dir->stat(path.substr(path.rfind('/') + 1))
                         .match([](sf::fs::Entry found) { return std::optional(std::move(found)); },
                                [](sf::Gone) { return std::optional<sf::fs::Entry>(); });
  if (!entry) throw refuse("there is no such file. Correct the setting " + key + ".");
  if (entry->kind == SF_SYMLINK) throw refuse("this is a symbolic link, and none is followed. Name the file itself.");
  if (entry->kind != SF_FILE) throw refuse("this is no regular file. Name a TOML file.");
  if (entry->size > kMaxFileBytes) throw refuse("this is larger than 16 MiB. Name a TOML file.");
  auto bytes = dir->read(*entry).match([](std::string text) { return std::optional(std::move(text)); },
                                       [](sf::Gone) { return std::optional<std::string>(); });
  if (!bytes) throw refuse("this changed while it was read. Try again.");
  return std::move(*bytes);
}

// An sf_error holds one sentence, so each problem goes to the log and the first one into the error.
[[noreturn]] void refuse(const sf::Host& host, const std::vector<triage_policy::Problem>& problems) {
  std::string message = problems.front().text();
  if (problems.size() > 1) {
    for (std::size_t i = 0; i < problems.size() && i < kMaxLogged; ++i) host.log(SF_LOG_ERROR, problems[i].text());
    if (problems.size() > kMaxLogged)
      host.log(SF_LOG_ERROR, "and " + std::to_string(problems.size() - kMaxLogged) + " more problems");
    message = std::to_string(problems.size()) + " problems in the policy, each in the log; the first: " + message;
  }
  throw sf::Error(SF_INVALID, message);
}

class PolicyTriage final : public sf::Triage {
 public:
  void configure(const sf::Host& host, std::string_view settings_json) override {
    const auto settings = nlohmann::json::parse(settings_json);
    const auto path = settings.at("policy").get<std::string>();
    const std::string bytes = read_setting_file(host, "policy", path);
    nlohmann::json inputs = {{"policy", "sha256:" + host.sha256(bytes)}};
    std::string alias_bytes;
    std::optional<triage_policy::SourceText> aliases;
    if (const auto at = settings.find("aliases"); at != settings.end() && at->is_string()) {
      const auto alias_path = at->get<std::string>();
      alias_bytes = read_setting_file(host, "aliases", alias_path);
      inputs["aliases"] = "sha256:" + host.sha256(alias_bytes);
      aliases = triage_policy::SourceText{alias_path, alias_bytes};
    }
    const auto loaded = triage_policy::load_policy({path, bytes}, aliases);
    if (!loaded.problems.empty()) refuse(host, loaded.problems);
    auto policy = std::make_unique<const triage_policy::Policy>(loaded.spec);
    std::vector<sf::Path> fields;
    for (const auto& field : policy->fields()) fields.emplace_back(host, field);
    level_ = sf::Path(host, "rule.level");
    evaluator_.emplace(*policy);
    policy_ = std::move(policy);
    fields_ = std::move(fields);
    inputs_ = inputs.dump();
  }

  sf::Verdict triage(const sf::Record& alert, std::int64_t logical_time_ms) override {
    if (!evaluator_) throw sf::Error(SF_FATAL, "triage_policy has no policy. Configure the stage first.");
    auto decision = evaluator_->decide(RecordView(alert, fields_, level_), logical_time_ms);
    return {code(decision.disposition), std::move(decision.reason), std::move(decision.trail_json)};
  }

  std::string inputs() override { return inputs_; }

 private:
  static std::uint32_t code(triage_policy::Disposition disposition) {
    switch (disposition) {
      case triage_policy::Disposition::benign:
        return SF_BENIGN;
      case triage_policy::Disposition::known_fp:
        return SF_KNOWN_FP;
      case triage_policy::Disposition::review:
        return SF_REVIEW;
      case triage_policy::Disposition::escalated:
        return SF_ESCALATED;
    }
    return SF_REVIEW;
  }

  std::unique_ptr<const triage_policy::Policy> policy_;
  std::optional<triage_policy::Evaluator> evaluator_;  // refers to *policy_
  std::vector<sf::Path> fields_;
  sf::Path level_;
  std::string inputs_ = "{}";
};

}  // namespace

SF_TRIAGE_PLUGIN(PolicyTriage, .id = "triage_policy", .version = "0.1.0",
                 .summary = "Decides by rule, group, level, host and signature, in thirteen layers",
                 .license = "Apache-2.0", .vendor = "SignalFoundry", .config_schema = kSchema);
