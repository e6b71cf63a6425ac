// SPDX-License-Identifier: Apache-2.0
#include "policy.hpp"
#include "policy_text.hpp"

#include <algorithm>
#include <utility>

namespace triage_policy {
namespace {

// A trail stays readable, and bounded, when thousands of expired or watching entries match one alert.
constexpr std::size_t kMaxNotes = 8;

}  // namespace

Evaluator::Evaluator(const Policy& policy) : policy_(policy), alert_(policy.vocabulary_) {}

Decision Evaluator::decide(const AlertView& alert, std::int64_t time_ms) {
  time_ms_ = time_ms;
  examined_ = 0;
  decision_ = Decision{};
  decision_.trail_json.reserve(512);
  decision_.trail_json = "[";
  alert_.read(alert);
  for (std::size_t layer = 0; layer < kLayers; ++layer)
    if (ask(static_cast<Layer>(layer))) break;
  decision_.trail_json += ']';
  return std::move(decision_);
}

bool Evaluator::ask(Layer layer) {
  notes_.clear();
  note_count_ = 0;
  switch (layer) {
    case Layer::always_escalate_rules:
      return ask_always_rules();
    case Layer::always_escalate_groups:
      return ask_always_groups();
    case Layer::escalate_level:
      return ask_escalate_level();
    case Layer::known_fp:
      return ask_entries(layer, policy_.known_fps_);
    case Layer::overrides:
      return ask_entries(layer, policy_.overrides_);
    case Layer::sysmon_suppressions:
      return ask_entries(layer, policy_.suppressions_);
    case Layer::sysmon_tiering:
      return ask_entries(layer, policy_.tiers_);
    case Layer::sysmon_escalate_events:
      return ask_escalate_events();
    case Layer::review_rules:
      return ask_review_rules();
    case Layer::protected_hosts:
      return ask_protected_hosts();
    case Layer::benign_rules:
      return ask_benign_rules();
    case Layer::benign_level:
      return ask_benign_level();
    case Layer::otherwise:
      return ask_otherwise();
  }
  return false;
}

bool Evaluator::ask_always_rules() {
  const Symbol rule = alert_.rule();
  if (rule == kUnknown || !policy_.rules_[rule].always) return no(Layer::always_escalate_rules);
  const std::string what = "rule " + policy_.vocabulary_.rules.name(rule);
  return dangerous(Layer::always_escalate_rules, what, what + " is in always_escalate.rule_ids");
}

bool Evaluator::ask_always_groups() {
  for (const Symbol group : alert_.groups()) {
    if (!policy_.groups_[group].always) continue;
    const std::string what = "group " + policy_.vocabulary_.groups.name(group);
    return dangerous(Layer::always_escalate_groups, what, what + " is in always_escalate.groups");
  }
  return no(Layer::always_escalate_groups);
}

bool Evaluator::ask_escalate_level() {
  const int bound = policy_.thresholds_.escalate_min_level;
  if (!alert_.level()) return no(Layer::escalate_level, "level unknown");
  if (*alert_.level() < bound) return no(Layer::escalate_level);
  return dangerous(Layer::escalate_level, level_text(" >= ", bound),
                   "level " + std::to_string(*alert_.level()) + " reaches escalate_min_level " + std::to_string(bound));
}

// Danger escalates, unless an entry says in so many words that it may set danger aside.
bool Evaluator::dangerous(Layer layer, const std::string& what, std::string reason) {
  const CompiledEntry* entry = first_match(policy_.exempt_);
  if (entry == nullptr) return yes(layer, Disposition::escalated, what, std::move(reason));
  const std::string named = std::string(word(entry->kind)) + " " + entry->id;
  trail(layer, "set aside", what + "; " + named + " has allow_dangerous");
  decision_.disposition = entry->disposition;
  switch (entry->kind) {
    case EntryKind::known_fp:
      decision_.layer = Layer::known_fp;
      break;
    case EntryKind::override_:
      decision_.layer = Layer::overrides;
      break;
    case EntryKind::suppression:
      decision_.layer = Layer::sysmon_suppressions;
      break;
    case EntryKind::tier:
      decision_.layer = Layer::sysmon_tiering;
      break;
  }
  decision_.entry = entry->id;
  decision_.reason = named + " sets " + what + " aside: " + entry->reason;
  return true;
}

bool Evaluator::ask_entries(Layer layer, const EntryIndex& index) {
  const CompiledEntry* entry = first_match(index);
  if (entry == nullptr) return no(layer);
  decision_.entry = entry->id;
  std::string reason = std::string(word(entry->kind)) + " " + entry->id + ": " + entry->reason;
  return yes(layer, entry->disposition, {}, std::move(reason));
}

const CompiledEntry* Evaluator::first_match(const EntryIndex& index) {
  const CompiledEntry* found = nullptr;
  index.visit(alert_, cursors_, [&](const CompiledEntry& entry) {
    ++examined_;
    if (!matches(entry, alert_)) return false;
    if (time_ms_ >= entry.expires_ms) return note(entry, "expired " + instant_text(entry.expires_ms)), false;
    const int cap = policy_.thresholds_.known_fp_max_level;
    const bool over_cap = !alert_.level() || *alert_.level() > cap;
    if (closes(entry.disposition) && !entry.allow_dangerous && over_cap)
      return note(entry, "matches, but " + level_text(" > ", cap)), false;
    if (entry.monitor) return note(entry, "would match (monitor)"), false;
    found = &entry;
    return true;
  });
  return found;
}

void Evaluator::note(const CompiledEntry& entry, std::string_view what) {
  ++note_count_;
  if (note_count_ > kMaxNotes) return;
  if (!notes_.empty()) notes_ += "; ";
  notes_.append(entry.id).append(" ").append(what);
}

bool Evaluator::ask_escalate_events() {
  if (!policy_.any_sysmon_event_escalates_ || !alert_.sysmon()) return no(Layer::sysmon_escalate_events);
  const Symbol event = alert_.event();
  if (event == kUnknown || !policy_.event_escalates_[event]) return no(Layer::sysmon_escalate_events);
  const std::string what = "event " + policy_.vocabulary_.events.name(event);
  return yes(Layer::sysmon_escalate_events, Disposition::escalated, what,
             "Sysmon " + what + " is in sysmon.escalate_event_ids");
}

bool Evaluator::ask_review_rules() {
  const Symbol rule = alert_.rule();
  if (rule == kUnknown || !policy_.rules_[rule].review) return no(Layer::review_rules);
  const std::string what = "rule " + policy_.vocabulary_.rules.name(rule);
  return yes(Layer::review_rules, Disposition::review, what, what + " is in review.rule_ids");
}

bool Evaluator::ask_protected_hosts() {
  const Symbol host = alert_.host();
  if (host == kUnknown || !policy_.protected_[host]) return no(Layer::protected_hosts);
  const int bound = policy_.thresholds_.protected_host_min_level;
  const std::string what = "host " + policy_.vocabulary_.hosts.name(host);
  if (!alert_.level() || *alert_.level() < bound)
    return no(Layer::protected_hosts, what + ", " + level_text(" < ", bound));
  return yes(Layer::protected_hosts, Disposition::escalated, what + ", " + level_text(" >= ", bound),
             what + " is protected and level " + std::to_string(*alert_.level()) +
                 " reaches protected_host_min_level " + std::to_string(bound));
}

bool Evaluator::ask_benign_rules() {
  const Symbol rule = alert_.rule();
  const int number = rule == kUnknown ? Policy::kNone : policy_.rules_[rule].benign;
  if (number == Policy::kNone) return no(Layer::benign_rules);
  const auto& info = policy_.benign_rules_[static_cast<std::size_t>(number)];
  const std::string what = "rule " + policy_.vocabulary_.rules.name(rule);
  if (!alert_.level() || *alert_.level() > info.max_level)
    return no(Layer::benign_rules, what + ", " + level_text(" > ", info.max_level));
  const auto in_alert = [&](Symbol group) { return alert_.has_group(group); };
  if (!info.groups.empty() && std::none_of(info.groups.begin(), info.groups.end(), in_alert))
    return no(Layer::benign_rules, what + ", none of its groups");
  return yes(Layer::benign_rules, Disposition::benign, what + ", " + level_text(" <= ", info.max_level),
             "benign " + what + ": " + info.reason);
}

bool Evaluator::ask_benign_level() {
  const int bound = policy_.thresholds_.benign_max_level;
  if (!alert_.level() || *alert_.level() > bound) return no(Layer::benign_level, level_text(" > ", bound));
  const std::string level = level_text(" <= ", bound);
  if (policy_.benign_any_group_)
    return yes(Layer::benign_level, Disposition::benign, level, "benign by " + level + ", whatever its group");
  const std::string* reason = nullptr;
  std::string noise;
  for (const Symbol group : alert_.groups()) {
    const auto& info = policy_.groups_[group];
    if (info.noise == Policy::kNone && !info.neutral)
      return no(Layer::benign_level, level + ", but its groups are not all listed");
    if (info.noise == Policy::kNone || reason != nullptr) continue;
    reason = &policy_.benign_groups_[static_cast<std::size_t>(info.noise)];
    noise = "group " + policy_.vocabulary_.groups.name(group);
  }
  if (reason == nullptr) return no(Layer::benign_level, level + ", but no listed group");
  if (alert_.strange_groups()) return no(Layer::benign_level, level + ", but its groups are not all listed");
  return yes(Layer::benign_level, Disposition::benign, level + ", " + noise,
             "benign " + noise + ", " + level + ": " + *reason);
}

bool Evaluator::ask_otherwise() {
  trail(Layer::otherwise, word(policy_.otherwise_), {});
  decision_.disposition = policy_.otherwise_;
  decision_.layer = Layer::otherwise;
  decision_.reason = std::string("no layer decided, and the default is ") + word(policy_.otherwise_);
  return true;
}

std::string Evaluator::level_text(const char* relation, int bound) const {
  if (!alert_.level()) return "level unknown";
  return "level " + std::to_string(*alert_.level()) + relation + std::to_string(bound);
}

bool Evaluator::no(Layer layer, std::string_view why) {
  return trail(layer, "no", why), false;
}

bool Evaluator::yes(Layer layer, Disposition disposition, std::string_view why, std::string reason) {
  trail(layer, decision_.entry.empty() ? "yes" : "yes " + decision_.entry, why);
  decision_.disposition = disposition;
  decision_.layer = layer;
  decision_.reason = std::move(reason);
  return true;
}

void Evaluator::trail(Layer layer, std::string_view answer, std::string_view why) {
  std::string& out = decision_.trail_json;
  if (out.size() > 1) out += ',';
  out.append("\"").append(word(layer)).append(": ");
  json_into(answer, out);
  if (!why.empty() || !notes_.empty()) {
    out += " (";
    json_into(why, out);
    if (!why.empty() && !notes_.empty()) out += "; ";
    json_into(notes_, out);
    if (note_count_ > kMaxNotes) out.append("; and ").append(std::to_string(note_count_ - kMaxNotes)).append(" more");
    out += ')';
  }
  out += '"';
}

}  // namespace triage_policy
