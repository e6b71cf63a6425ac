// SPDX-License-Identifier: Apache-2.0
//
// fixture.hpp - an alert as a map of fields, a policy from a text, and the two together, for the tests of
// triage_policy.
#pragma once
#include "policy.hpp"
#include "policy_file.hpp"
#include "support/catch.h"
#include "support/paths.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace triage_policy::test {

struct Alert {
  std::map<std::string, std::vector<std::string>> fields;
  std::optional<std::int64_t> level;

  Alert with(const std::string& field, std::vector<std::string> texts) const {
    Alert out = *this;
    out.fields[field] = std::move(texts);
    return out;
  }
  Alert at(std::optional<std::int64_t> new_level) const {
    Alert out = *this;
    out.level = new_level;
    return out;
  }
};
inline Alert alert(std::string rule, std::optional<std::int64_t> level, std::vector<std::string> groups = {},
                   std::string host = "") {
  Alert out;
  out.level = level;
  if (!rule.empty()) out.fields["rule.id"] = {std::move(rule)};
  if (!groups.empty()) out.fields["rule.groups"] = std::move(groups);
  if (!host.empty()) out.fields["host.name"] = {std::move(host)};
  return out;
}
inline Alert sysmon(std::string event, std::int64_t level = 5) {
  return alert("61600", level, {"sysmon"})
      .with("event.provider", {"Microsoft-Windows-Sysmon"})
      .with("event.code", {std::move(event)});
}

class MapView final : public AlertView {
 public:
  MapView(const Alert& source, const std::vector<std::string>& fields) : alert_(source), fields_(fields) {}
  void each_text(std::size_t field, TextSink& sink) const override {
    ++reads[fields_.at(field)];
    const auto at = alert_.fields.find(fields_[field]);
    if (at == alert_.fields.end()) return;
    for (const auto& text : at->second) sink.take(text);
  }
  std::optional<std::int64_t> level() const override { return alert_.level; }
  mutable std::map<std::string, int> reads;

 private:
  const Alert& alert_;
  const std::vector<std::string>& fields_;
};

// The spec of a policy that must be without problems.
inline PolicySpec spec_of(const std::string& toml) {
  const auto loaded = load_policy({"soc.toml", toml});
  for (const auto& problem : loaded.problems) FAIL_CHECK(problem.text());
  REQUIRE(loaded.problems.empty());
  return loaded.spec;
}

// A policy and its evaluator. Judged at 2026-06-01 unless said otherwise.
class Judge {
 public:
  explicit Judge(const std::string& toml) : policy_(spec_of(toml)), evaluator_(policy_) {}
  explicit Judge(const PolicySpec& spec) : policy_(spec), evaluator_(policy_) {}
  Decision operator()(const Alert& a, std::int64_t time_ms = 1'780'272'000'000) {
    return evaluator_.decide(MapView(a, policy_.fields()), time_ms);
  }
  std::string says(const Alert& a, std::int64_t time_ms = 1'780'272'000'000) {
    const auto decision = (*this)(a, time_ms);
    return std::string(word(decision.layer)) + " " + word(decision.disposition);
  }
  std::size_t examined() const { return evaluator_.entries_examined(); }
  const Policy& policy() const { return policy_; }
  Evaluator& evaluator() { return evaluator_; }

 private:
  Policy policy_;
  Evaluator evaluator_;
};

// All problems of a policy, one a line.
inline std::string problems(const std::string& toml, const std::optional<std::string>& aliases = std::nullopt) {
  std::optional<SourceText> other;
  if (aliases) other = SourceText{"hosts.toml", *aliases};
  std::string out;
  for (const auto& problem : load_policy({"soc.toml", toml}, other).problems) out += problem.text() + "\n";
  return out;
}

// A known false positive with everything but its selectors.
inline std::string fp(const std::string& selectors, const std::string& more = "", const std::string& id = "kfp-1") {
  return "[[known_fp]]\nid = \"" + id +
         "\"\nowner = \"soc\"\nreason = \"known\"\ncreated = 2026-01-01\nexpires = 2026-12-01\n" + selectors + "\n" +
         more + "\n";
}

// A decision's trail, parsed.
inline std::vector<std::string> trail(const Decision& decision) {
  return nlohmann::json::parse(decision.trail_json);
}

// A file of the repository, by its path from the root.
inline std::string repository_file(const std::string& path) {
  const std::string file = support::source_dir() + "/" + path;
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  INFO(file);
  REQUIRE(fd >= 0);
  std::string out;
  char buffer[8192];
  for (ssize_t got = ::read(fd, buffer, sizeof buffer); got > 0; got = ::read(fd, buffer, sizeof buffer))
    out.append(buffer, static_cast<std::size_t>(got));
  ::close(fd);
  return out;
}

}  // namespace triage_policy::test
