// SPDX-License-Identifier: Apache-2.0
//
// bench.hpp - one check's work bench: the plugin, the world around it, a clock, and runs of the source.
//
// Made in the check's own process. Thread: the check's.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "conformance/driver.hpp"
#include "conformance/finding.hpp"
#include "conformance/profile.hpp"
#include "conformance/world.hpp"

namespace signalfoundry::conformance {

constexpr std::int64_t kSecondMs = 1000;
constexpr std::int64_t kMinuteMs = 60 * kSecondMs;
constexpr std::int64_t kHourMs = 60 * kMinuteMs;

class Bench {
 public:
  // `check` names the check: a script may have answers for it alone. `dir` is empty and this check's own.
  Bench(const plugin::Plugin& plugin, const Profile& profile, std::string check, const fs::Dir& dir);

  const plugin::Plugin& plugin;
  const Profile& profile;
  Clock clock;
  std::map<std::string, std::string> overrides;  // of settings, for the runs that follow
  std::vector<std::string> warnings;             // what is worth a look though the check holds

  World& world() { return *world_; }
  // The scripted server, the index, the file; Finding(skipped) where the protocol has none.
  HttpsServer& server();
  SearchIndex& index();
  AlertFile& file();
  const Authority& authority() const { return authority_; }
  const std::string& check() const { return check_; }

  // Puts alerts before the source, and expects them from now on.
  void put(std::vector<Document> documents);
  void put(const Document& document) { put(std::vector<Document>{document}); }
  // The alerts that most checks begin with: 25 of the last hour, or what the script has.
  void begin();
  // Alerts at now + `from_ms`, `step_ms` apart.
  std::vector<Document> some(std::size_t count, std::int64_t from_ms, std::int64_t step_ms);
  // True where the check can add alerts while it goes on.
  bool can_add() const { return world_->expected_ids() == nullptr && profile.protocol != Protocol::none; }

  // A whole run in a new instance. Throws Finding(failed) where the source broke a rule of the ABI.
  Transcript run(const RunOptions& options = {});
  // The next run, from where the books would have `last`.
  Transcript run_after(const Transcript& last, RunOptions options = {});
  Transcript run_at(const Commit& commit, RunOptions options = {});
  // For checks that poll by themselves: `host` and `stage` outlive the driver.
  config::StageConfig stage();
  std::string state_dir() const { return ground_.dir.path() + "/state"; }
  void judge(const Transcript& transcript) const;

  // Finding(failed) unless every alert that was put (or that the script names) is in one of the transcripts.
  void require_all(const std::vector<const Transcript*>& transcripts, const std::string& when) const;
  void require_good(const Transcript& transcript, const std::string& when) const;
  // A warning where one transcript brought something twice.
  void look_for_repeats(const Transcript& transcript);
  std::size_t expected() const;

 private:
  std::set<std::string> missing(const std::vector<const Transcript*>& transcripts) const;

  std::string check_;
  Authority authority_{"scripted CA"};
  Certificate certificate_;
  Ground ground_;
  std::unique_ptr<World> world_;
  std::vector<Document> expected_;
};

}  // namespace signalfoundry::conformance
