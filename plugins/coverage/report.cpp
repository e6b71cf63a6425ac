// SPDX-License-Identifier: Apache-2.0
//
// The judgement of a Watch: the part `coverage` of the heartbeat, its sentences, and its gauges
// (docs/operations/silence.md).
#include "../shared/instant.hpp"
#include "../shared/safe_text.hpp"
#include "watch.hpp"

namespace coverage {

namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr std::size_t kListed = 20;     // of each kind, in the heartbeat
constexpr std::size_t kSentences = 20;  // of each kind
constexpr std::size_t kNamed = 10;
constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kSetBackSaidMs = 60'000;

OrderedJson time_or_null(const std::optional<std::int64_t>& ms) {
  return ms ? OrderedJson(shared::instant_text(*ms)) : OrderedJson();
}
double seconds(std::int64_t ms) {
  return static_cast<double>(ms) / 1000.0;
}
OrderedJson seconds_or_null(const std::optional<std::int64_t>& ms) {
  return ms ? OrderedJson(seconds(*ms)) : OrderedJson();
}

// What is expected of one kind, and what came of it.
struct Tally {
  std::size_t expected = 0, covered = 0, waiting = 0, wrong = 0;
  OrderedJson silent = OrderedJson::array();

  OrderedJson json() const {
    return {{"expected", expected}, {"covered", covered}, {"waiting", waiting}, {"silent", wrong}, {"named", silent}};
  }
};

}  // namespace

class Report {
 public:
  Report(const Watch& watch, std::int64_t now_ms) : watch_(watch), now_ms_(now_ms) {}

  void host_and_signals();
  void known();
  void freshness();
  void canaries(std::vector<Canary>& all);
  void troubles();
  Judgement take() {
    gauge("coverage_findings", static_cast<double>(out_.findings.size()));
    return std::move(out_);
  }

 private:
  void one(Tally& tally, const std::string& what, const std::string& name, const Track& track, const Bound& bound);
  void say(std::size_t nth, const std::string& sentence) {
    if (nth <= kSentences) out_.findings.push_back(sentence);
  }
  void more(const Tally& tally, const char* what) {
    if (tally.wrong > kSentences)
      out_.findings.push_back("and " + std::to_string(tally.wrong - kSentences) + " more " + what + " are silent");
  }
  void gauge(const char* name, double value) { out_.gauges.emplace_back(name, value); }
  void gauges(const std::string& kind, const Tally& tally) {
    out_.gauges.emplace_back("coverage_" + kind + "_expected", static_cast<double>(tally.expected));
    out_.gauges.emplace_back("coverage_" + kind + "_covered", static_cast<double>(tally.covered));
    out_.gauges.emplace_back("coverage_" + kind + "_silent", static_cast<double>(tally.wrong));
  }

  const Watch& watch_;
  std::int64_t now_ms_;
  Judgement out_;
};

void Report::one(Tally& tally, const std::string& what, const std::string& name, const Track& track,
                 const Bound& bound) {
  ++tally.expected;
  const auto heard = track.judge(now_ms_, bound);
  if (heard == Heard::covered) ++tally.covered;
  if (heard == Heard::waiting) ++tally.waiting;
  if (heard == Heard::covered || heard == Heard::waiting) return;
  const auto nth = ++tally.wrong;
  const auto silence = track.silence_ms(now_ms_);
  const auto shown = shared::printable(name, 100);
  const auto& last = track.last_ms();
  if (tally.silent.size() < kListed)
    tally.silent.push_back({{"name", shown},
                            {"newest", time_or_null(last)},
                            {"silence_s", seconds(silence)},
                            {"longest_s", seconds(bound.longest_ms)}});
  if (heard == Heard::silent)
    return say(nth, what + " " + shown + " is silent: " +
                        (last ? "its newest alert is " + shared::span_text(silence) + " old"
                              : "nothing came in the " + shared::span_text(silence) + " that it is watched") +
                        ", and " + shared::span_text(bound.longest_ms) + " is the bound");
  const auto count = track.count(now_ms_, bound);
  if (tally.silent.size() == nth) {
    tally.silent.back()["alerts"] = count;
    tally.silent.back()["at_least"] = bound.at_least;
  }
  say(nth, what + " " + shown + " gave " + std::to_string(count) + " alerts in " + shared::span_text(bound.window_ms) +
               ", and at least " + std::to_string(bound.at_least) + " are expected");
}

void Report::host_and_signals() {
  const auto& settings = watch_.settings_;
  Tally hosts;
  for (std::size_t i = 0; i < settings.hosts.size(); ++i)
    one(hosts, "host", settings.hosts[i].name, watch_.hosts_[i], settings.hosts[i].bound);
  more(hosts, "hosts");
  Tally signals;
  for (std::size_t i = 0; i < settings.signals.size(); ++i) {
    const auto& signal = settings.signals[i];
    if (!signal.per_host) {
      one(signals, "signal", signal.name, watch_.signals_[i], signal.bound);
      continue;
    }
    for (std::size_t host = 0; host < settings.hosts.size(); ++host)
      one(signals, "signal", signal.name + " of host " + settings.hosts[host].name, watch_.per_host_.at(i)[host],
          signal.bound);
  }
  more(signals, "signals");
  out_.part["hosts"] = hosts.json();
  out_.part["signals"] = signals.json();
  gauges("hosts", hosts);
  gauges("signals", signals);
}

// Hosts that nobody expects, and those that break their rhythm.
void Report::known() {
  const auto& settings = watch_.settings_;
  std::vector<std::pair<std::int64_t, std::string>> unknown;
  std::vector<std::pair<std::int64_t, std::string>> quiet;
  for (const auto& [name, host] : watch_.known_.all()) {
    const bool expected = settings.names.find("", name).host != HostNames::kNone;
    if (!expected && now_ms_ - host.last_ms <= kDayMs) unknown.emplace_back(-host.last_ms, name);
    if (KnownHosts::quiet(host, now_ms_, settings.quiet_factor, settings.quiet_floor_ms))
      quiet.emplace_back(host.last_ms, name);
  }
  const auto named = [](auto& all) {
    auto out = OrderedJson::array();
    std::sort(all.begin(), all.end());
    for (std::size_t i = 0; i < std::min(all.size(), kNamed); ++i) out.push_back(shared::printable(all[i].second, 100));
    return out;
  };
  auto& hosts = out_.part["hosts"];
  hosts["unknown"] = {{"count", unknown.size()}, {"named", named(unknown)}, {"left_out", watch_.known_.left_out()}};
  hosts["quiet"] = {{"count", quiet.size()}, {"named", named(quiet)}};
  gauge("coverage_hosts_unknown", static_cast<double>(unknown.size()));
  gauge("coverage_hosts_quiet", static_cast<double>(quiet.size()));
  for (std::size_t i = 0; i < std::min(quiet.size(), kNamed); ++i) {
    const auto* host = watch_.known_.find(quiet[i].second);
    out_.warnings.push_back("host " + shared::printable(quiet[i].second, 100) + " is quiet: its newest alert is " +
                            shared::span_text(now_ms_ - host->last_ms) +
                            " old, and half of its gaps were no longer than " + shared::span_text(host->median_ms));
  }
}

void Report::freshness() {
  const auto& settings = watch_.settings_;
  const auto& newest = watch_.newest_ms_;
  const auto age = now_ms_ - newest.value_or(watch_.since_ms_);
  out_.part["freshness"] = {{"newest", time_or_null(newest)},
                            {"age_s", newest ? OrderedJson(seconds(age)) : OrderedJson()},
                            {"max_s", seconds(settings.freshness_max_ms)},
                            {"alerts", watch_.ages_.count()},
                            {"without_time", watch_.without_time_},
                            {"age_median_s", seconds_or_null(watch_.ages_.quantile(50))},
                            {"age_high_s", seconds_or_null(watch_.ages_.quantile(95))},
                            {"lag_median_s", seconds_or_null(watch_.lags_.quantile(50))},
                            {"lag_high_s", seconds_or_null(watch_.lags_.quantile(95))},
                            {"ahead", watch_.ahead_},
                            {"ahead_s", seconds(watch_.most_ahead_ms_)}};
  gauge("coverage_newest_age_seconds", seconds(age));
  gauge("coverage_ahead_seconds", seconds(watch_.most_ahead_ms_));
  gauge("coverage_without_time", static_cast<double>(watch_.without_time_));
  const auto quantile = [&](const char* name, const Samples& samples, std::size_t percent) {
    if (const auto value = samples.quantile(percent)) gauge(name, seconds(*value));
  };
  quantile("coverage_age_median_seconds", watch_.ages_, 50);
  quantile("coverage_age_high_seconds", watch_.ages_, 95);
  quantile("coverage_lag_median_seconds", watch_.lags_, 50);
  quantile("coverage_lag_high_seconds", watch_.lags_, 95);
  if (age > settings.freshness_max_ms)
    out_.findings.push_back((newest ? "the newest alert of all is " + shared::span_text(age) + " old"
                                    : "no alert at all came in the " + shared::span_text(age) + " of this watch") +
                            ", and " + shared::span_text(settings.freshness_max_ms) + " is the bound");
}

void Report::canaries(std::vector<Canary>& all) {
  const auto& specs = watch_.settings_.canaries;
  Tally tally;
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    ++tally.expected;
    total += all[i].total();
    const auto wrong = all[i].wrong(now_ms_, specs[i]);
    if (wrong.empty()) {
      ++(all[i].waiting(now_ms_, specs[i]) ? tally.waiting : tally.covered);
      continue;
    }
    const auto nth = ++tally.wrong;
    const auto shown = shared::printable(specs[i].name, 100);
    if (tally.silent.size() < kListed)
      tally.silent.push_back({{"name", shown}, {"newest", time_or_null(all[i].track().last_ms())}, {"why", wrong}});
    say(nth, "canary " + shown + " " + wrong);
  }
  out_.part["canaries"] = {{"expected", tally.expected}, {"covered", tally.covered}, {"waiting", tally.waiting},
                           {"failed", tally.wrong},      {"named", tally.silent},    {"came_out", watch_.canaries_out_},
                           {"came_out_total", total}};
  gauge("coverage_canaries_expected", static_cast<double>(tally.expected));
  gauge("coverage_canaries_covered", static_cast<double>(tally.covered));
  gauge("coverage_canaries_failed", static_cast<double>(tally.wrong));
}

void Report::troubles() {
  const auto& settings = watch_.settings_;
  if (!watch_.damage_.empty()) out_.findings.push_back(watch_.damage_);
  if (watch_.set_back_ms_ >= kSetBackSaidMs)
    out_.findings.push_back("the clock of this machine was put back by " + shared::span_text(watch_.set_back_ms_) +
                            "; silences count from now where they would reach into the future");
  if (watch_.most_ahead_ms_ > settings.clock_ahead_max_ms)
    out_.findings.push_back("a clock is wrong: " + std::to_string(watch_.ahead_) + " alerts are of the future, up to " +
                            shared::span_text(watch_.most_ahead_ms_) + ", and " +
                            shared::span_text(settings.clock_ahead_max_ms) + " is the bound");
  out_.part["conflicting"] = watch_.conflicts_;
  if (watch_.without_time_ != 0)
    out_.warnings.push_back(std::to_string(watch_.without_time_) +
                            " alerts of this run have no time that can be read, and renew nothing; see the time in "
                            "the mapping of their source");
  if (watch_.conflicts_ == 0) return;
  std::string named;
  for (const auto& one : watch_.conflict_names_) named += (named.empty() ? "" : "; ") + one;
  out_.warnings.push_back(
      std::to_string(watch_.conflicts_) +
      " alerts have the id of one expected host and the name of another; they count for the id: " + named);
}

Judgement Watch::judge(std::int64_t now_ms) {
  settle_clock(now_ms);
  Report report(*this, now_ms);
  report.host_and_signals();
  report.known();
  report.freshness();
  report.canaries(canaries_);
  report.troubles();
  auto out = report.take();
  out.part["since"] = shared::instant_text(since_ms_);
  return out;
}

}  // namespace coverage
