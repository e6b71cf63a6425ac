// SPDX-License-Identifier: Apache-2.0
//
// metrics.hpp - counters and gauges of the stages, and the Prometheus text of them all. [any-thread]
#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace signalfoundry::plugin {

class Metrics {
 public:
  // False: not [a-z_]+, or one name too many (1,000).
  bool add(std::string_view stage, std::string_view name, std::uint64_t by);
  bool set(std::string_view stage, std::string_view name, double value);
  // A counter of the runner itself, without a stage; its value over the lifetime.
  void set_total(std::string_view name, std::uint64_t value);
  // signalfoundry_<name>_total{stage="…"} and signalfoundry_<name>{stage="…"}, sorted (Prometheus text format 0.0.4).
  std::string render() const;

 private:
  using Key = std::pair<std::string, std::string>;  // name, stage
  mutable std::mutex mutex_;
  std::map<Key, std::uint64_t> counters_;
  std::map<Key, double> gauges_;
};

}  // namespace signalfoundry::plugin
