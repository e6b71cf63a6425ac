// SPDX-License-Identifier: Apache-2.0
//
// Goal: any text is a policy or refused, each problem with its place; any policy decides any alert, the same way each
// time, with a reason and a trail; nothing dangerous is closed unless an entry says so in so many words.
// Input: a policy, a line "---", an alert; without the line, shipped alerts.
#include "policy.hpp"

#include <signalfoundry/wazuh_mapping.hpp>

#include <algorithm>
#include <vector>

#include "alert/alert.hpp"
#include "fuzz.hpp"
#include "plugin/record.hpp"
#include "policy_file.hpp"

using namespace signalfoundry;
using fuzz::hold;
namespace tp = triage_policy;

namespace {

constexpr std::int64_t kNow = 1'783'000'000'000;  // 2026-07-02
constexpr const char* kAlerts[] = {
    R"({"timestamp":"2026-07-02T10:00:00.000+0000","id":"1","location":"/var/log/auth.log","agent":{"name":"web-01"},)"
    R"("rule":{"id":"5710","level":5,"groups":["sshd","authentication_failed"]},"data":{"srcip":"10.0.0.7"}})",
    R"({"timestamp":"2026-07-02T10:00:00.000+0000","id":"2","agent":{"name":"DC-01.example.org","ip":"10.1.2.3"},)"
    R"("rule":{"id":"61603","level":13,"groups":["sysmon","credential_dumping"]},"data":{"win":{"system":)"
    R"({"providerName":"Microsoft-Windows-Sysmon","eventID":"1"},"eventdata":{"commandLine":"C:\\\\a.exe"}}}})",
    R"({"rule":{"id":"5502","level":3,"groups":["pam","syslog"]}})", R"({"rule":{"id":"7"}})"};

// The runner's record as the policy sees it: what the plugin's own view does, without the plugin boundary.
class View final : public tp::AlertView {
 public:
  View(const tp::Policy& policy, const plugin::Record& record) : record_(record) {
    for (const auto& field : policy.fields()) {
      paths_.push_back(plugin::compile_path(field));
      hold(paths_.back() != nullptr);  // a policy speaks of no field that the runner does not know
    }
  }
  void each_text(std::size_t field, tp::TextSink& sink) const override {
    const auto give = [](void* impl, sf_str text) -> std::int32_t {
      static_cast<tp::TextSink*>(impl)->take({text.data, text.size});
      return 0;
    };
    plugin::each_text(record_, *paths_[field], give, &sink);
  }
  std::optional<std::int64_t> level() const override { return record_.alert->level; }

 private:
  const plugin::Record& record_;
  std::vector<plugin::CompiledPathPtr> paths_;
};

void check_problems(std::string_view policy, const std::vector<tp::Problem>& problems) {
  const auto lines = static_cast<unsigned>(std::count(policy.begin(), policy.end(), '\n')) + 1;
  for (const auto& problem : problems) {
    hold(problem.place.line <= lines && (problem.place.line == 0 || problem.place.column > 0));
    hold(problem.text().starts_with("p.toml") && fuzz::sentence(problem.text()));
  }
}

const tp::Entry* entry_of(const tp::PolicySpec& spec, const std::string& id) {
  for (const auto* list : {&spec.known_fps, &spec.overrides, &spec.sysmon_suppressions, &spec.sysmon_tiers})
    for (const auto& entry : *list)
      if (entry.id == id) return &entry;
  return nullptr;
}

void check_closed(const tp::PolicySpec& spec, const tp::Decision& decision, const Alert& alert) {
  const auto* entry = entry_of(spec, decision.entry);
  hold((entry != nullptr) == !decision.entry.empty());
  if (entry != nullptr) hold(!entry->monitor && entry->expires_ms > kNow && entry->disposition == decision.disposition);
  if (!tp::closes(decision.disposition) || (entry != nullptr && entry->allow_dangerous)) return;
  hold(alert.level && *alert.level < spec.thresholds.escalate_min_level);
  const Json* rule = alert.mapping->find(Field::rule_id, alert.document);
  if (rule == nullptr || !rule->is_string()) return;
  for (const auto& name : spec.always_rules) hold(name.text != rule->get_ref<const std::string&>());
}

void decide(const tp::PolicySpec& spec, const tp::Policy& policy, std::string bytes) {
  static const auto mapping = Mapping::parse(sf::kWazuhMapping);
  const Alert alert = read_alert(std::move(bytes), "poll", mapping, "doc", kNow);
  const plugin::Record record{&alert, {}, kNow, "", true, {}};
  const View view(policy, record);
  tp::Evaluator evaluator(policy);
  const auto decision = evaluator.decide(view, kNow);
  hold(valid_utf8(decision.reason) && !decision.reason.empty());
  const Json trail = Json::parse(decision.trail_json, nullptr, false);
  hold(trail.is_array() && !trail.empty() && trail.size() <= tp::kLayers + 1);
  check_closed(spec, decision, alert);
  const auto again = evaluator.decide(view, kNow);
  hold(again.disposition == decision.disposition && again.trail_json == decision.trail_json &&
       again.reason == decision.reason && again.entry == decision.entry && again.layer == decision.layer);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [text, alert] = fuzz::cut(fuzz::text_of(data, size), "\n---\n");
  const auto loaded = tp::load_policy({"p.toml", text});
  check_problems(text, loaded.problems);
  if (!loaded.problems.empty()) return 0;
  const tp::Policy policy(loaded.spec);
  try {
    if (!alert.empty()) decide(loaded.spec, policy, std::string(alert));
  } catch (const Rejected&) {
    return 0;
  }
  for (const auto* shipped : kAlerts) decide(loaded.spec, policy, shipped);
  return 0;
}
