// SPDX-License-Identifier: Apache-2.0
//
// What a Watch keeps between runs: JSON with a version. What is not expected any more is left out, what is new begins
// now.
#include "../shared/cursor_json.hpp"
#include "../shared/safe_text.hpp"
#include "watch.hpp"

namespace coverage {

namespace {

using nlohmann::json;

const json* member(const json& object, const std::string& name) {
  const auto it = object.find(name);
  return it == object.end() ? nullptr : &*it;
}

const json& object_at(const json& all, const char* key) {
  const auto& out = all.at(key);
  if (!out.is_object()) throw std::out_of_range(key);
  return out;
}

template <class Specs>
json by_name(const Specs& specs, const std::vector<Track>& tracks) {
  auto out = json::object();
  for (std::size_t i = 0; i < specs.size(); ++i) out[specs[i].name] = tracks[i].json();
  return out;
}

template <class Specs>
void read_by_name(const Specs& specs, const json& from, std::vector<Track>& tracks) {
  for (std::size_t i = 0; i < specs.size(); ++i)
    if (const auto* one = member(from, specs[i].name)) tracks[i] = Track::read(*one);
}

}  // namespace

void Watch::start(std::int64_t now_ms) {
  since_ms_ = clock_ms_ = now_ms;
  newest_ms_.reset();
  hosts_.assign(settings_.hosts.size(), Track(now_ms));
  signals_.assign(settings_.signals.size(), Track(now_ms));
  per_host_.clear();
  for (std::size_t i = 0; i < settings_.signals.size(); ++i)
    if (settings_.signals[i].per_host) per_host_[i].assign(settings_.hosts.size(), Track(now_ms));
  canaries_.assign(settings_.canaries.size(), Canary(now_ms));
  known_ = KnownHosts(settings_.known_hosts_max);
}

// By the windows of these settings: what was counted by another one begins anew.
void Watch::count_from(std::int64_t now_ms) {
  for (std::size_t i = 0; i < hosts_.size(); ++i) hosts_[i].count_by(settings_.hosts[i].bound, now_ms);
  for (std::size_t i = 0; i < signals_.size(); ++i) signals_[i].count_by(settings_.signals[i].bound, now_ms);
  for (auto& [signal, tracks] : per_host_)
    for (auto& track : tracks) track.count_by(settings_.signals[signal].bound, now_ms);
}

void Watch::load(const std::string& state, std::int64_t now_ms) {
  start(now_ms);
  if (state.empty()) return count_from(now_ms);
  try {
    const json all = json::parse(state);
    read(all, now_ms);
  } catch (const std::exception&) {
    start(now_ms);
    damage_ = "what this stage kept of earlier runs cannot be read (it begins with " + shared::printable(state, 40) +
              "); every silence counts from now";
  }
  count_from(now_ms);
  known_.forget(now_ms);
}

void Watch::read(const json& all, std::int64_t now_ms) {
  if (all.at("v") != 1) throw std::out_of_range("v");
  since_ms_ = shared::time_at(all, "since");
  clock_ms_ = shared::time_at(all, "clock");
  if (const auto* newest = member(all, "newest")) {
    newest_ms_ = shared::time_of(*newest);
    if (!newest_ms_) throw std::out_of_range("newest");
  }
  read_by_name(settings_.hosts, object_at(all, "hosts"), hosts_);
  read_by_name(settings_.signals, object_at(all, "signals"), signals_);
  const auto& per_host = object_at(all, "per_host");
  for (auto& [signal, tracks] : per_host_)
    if (const auto* one = member(per_host, settings_.signals[signal].name)) {
      if (!one->is_object()) throw std::out_of_range("per_host");
      read_by_name(settings_.hosts, *one, tracks);
    }
  for (std::size_t i = 0; i < canaries_.size(); ++i)
    if (const auto* one = member(object_at(all, "canaries"), settings_.canaries[i].name))
      canaries_[i] = Canary::read(*one);
  known_.read(all.at("known"));
  settle_clock(now_ms);
}

std::string Watch::state() const {
  json out = {{"v", 1},
              {"since", since_ms_},
              {"clock", clock_ms_},
              {"hosts", by_name(settings_.hosts, hosts_)},
              {"signals", by_name(settings_.signals, signals_)},
              {"known", known_.json()}};
  if (newest_ms_) out["newest"] = *newest_ms_;
  auto& per_host = out["per_host"] = json::object();
  for (const auto& [signal, tracks] : per_host_)
    per_host[settings_.signals[signal].name] = by_name(settings_.hosts, tracks);
  auto& canaries = out["canaries"] = json::object();
  for (std::size_t i = 0; i < canaries_.size(); ++i) canaries[settings_.canaries[i].name] = canaries_[i].json();
  return out.dump(-1, ' ', true, json::error_handler_t::replace);
}

}  // namespace coverage
