// SPDX-License-Identifier: Apache-2.0
#include "watch.hpp"

#include "../shared/safe_text.hpp"

namespace coverage {

namespace {
constexpr std::size_t kConflictsNamed = 5;
}  // namespace

void Watch::take(std::vector<Seen> alerts, std::int64_t now_ms) {
  settle_clock(now_ms);
  std::stable_sort(alerts.begin(), alerts.end(), [](const Seen& a, const Seen& b) { return a.time_ms < b.time_ms; });
  for (const auto& alert : alerts) {
    if (alert.time_ms)
      take_one(alert, *alert.time_ms, now_ms);
    else
      ++without_time_;
  }
}

void Watch::take_one(const Seen& alert, std::int64_t alert_ms, std::int64_t now_ms) {
  if (const auto lead = alert_ms - now_ms; lead > 0) {
    ++ahead_;
    most_ahead_ms_ = std::max(most_ahead_ms_, lead);
  }
  const auto time_ms = std::min(alert_ms, now_ms);
  for (const auto i : alert.canaries) {
    canaries_[i].came_out(alert.out, settings_.canaries[i], now_ms);
    ++canaries_out_;
  }
  if (alert.synthetic) return;
  newest_ms_ = std::max(newest_ms_.value_or(time_ms), time_ms);
  ages_.add(now_ms - time_ms);
  if (alert.received_ms) lags_.add(std::max<std::int64_t>(0, *alert.received_ms - time_ms));
  const auto found = settings_.names.find(alert.host_id, alert.host_name);
  if (found.conflict) {
    ++conflicts_;
    if (conflict_names_.size() < kConflictsNamed)
      conflict_names_.insert("id " + shared::printable(alert.host_id, 64) + " with name " +
                             shared::printable(alert.host_name, 100));
  }
  take_host(alert, found.host, time_ms);
  for (const auto i : alert.signals) {
    if (!settings_.signals[i].per_host)
      signals_[i].hear(time_ms);
    else if (found.host != HostNames::kNone)
      per_host_[i][found.host].hear(time_ms);
  }
}

void Watch::take_host(const Seen& alert, std::size_t host, std::int64_t time_ms) {
  if (host != HostNames::kNone) {
    const auto& expected = settings_.hosts[host];
    hosts_[host].hear(time_ms);
    if (!expected.stated) known_.hear(settings_.names.folded(expected.name), time_ms);
  } else if (!alert.host_name.empty()) {
    known_.hear(settings_.names.folded(alert.host_name), time_ms);
  } else if (!alert.host_id.empty()) {
    known_.hear("id " + alert.host_id.substr(0, 100), time_ms);
  }
}

// A clock that was put back makes the past the future: what was heard of "later" than now was heard of now. The silence
// of everyone counts from there, so that a clock that ran ahead once does not hide a silence until it is reached again.
void Watch::settle_clock(std::int64_t now_ms) {
  if (now_ms < clock_ms_) {
    set_back_ms_ = std::max(set_back_ms_, clock_ms_ - now_ms);
    since_ms_ = std::min(since_ms_, now_ms);
    if (newest_ms_) newest_ms_ = std::min(*newest_ms_, now_ms);
    for (auto& track : hosts_) track.no_later_than(now_ms);
    for (auto& track : signals_) track.no_later_than(now_ms);
    for (auto& [signal, tracks] : per_host_)
      for (auto& track : tracks) track.no_later_than(now_ms);
    for (auto& canary : canaries_) canary.no_later_than(now_ms);
    known_.no_later_than(now_ms);
  }
  clock_ms_ = now_ms;
}

}  // namespace coverage
