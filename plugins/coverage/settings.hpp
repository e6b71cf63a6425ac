// SPDX-License-Identifier: Apache-2.0
//
// settings.hpp - what is expected: hosts, classes of signals, canaries, and their bounds. Read once, then constant.
// [any-thread]
#pragma once
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "matcher.hpp"

namespace coverage {

// What is asked of a stream of alerts. Milliseconds.
struct Bound {
  std::int64_t longest_ms = 0;
  std::uint64_t at_least = 0;  // 0: no rate is asked for
  std::int64_t window_ms = 0;
};

struct ExpectedHost {
  std::string name;
  Bound bound;
  bool stated = false;  // it has a bound of its own
};

struct Signal {
  std::string name;
  Matcher matcher;
  Bound bound;
  bool per_host = false;
};

struct CanarySpec {
  std::string name;
  Matcher matcher;
  std::int64_t every_ms = 0;
  std::int64_t within_ms = 0;
  std::string disposition;
};

// The names of hosts: case does not count, nor a dot at the end, nor one of the site's domains. A name or an id stands
// for one host at most.
class HostNames {
 public:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  struct Found {
    std::size_t host = kNone;
    bool conflict = false;  // the id is one expected host's, the name another's
  };
  explicit HostNames(std::vector<std::string> domains = {});
  // As it is compared. A name longer than 128 bytes is cut there.
  std::string folded(std::string_view name) const;
  // Gives the host that has the name (id) already, where that is not `host`.
  std::optional<std::size_t> add_name(std::string_view name, std::size_t host);
  std::optional<std::size_t> add_id(std::string_view id, std::size_t host);
  // By id, else by name; both may be "".
  Found find(std::string_view id, std::string_view name) const;

 private:
  std::vector<std::string> domains_;
  std::unordered_map<std::string, std::size_t> names_;
  std::unordered_map<std::string, std::size_t> ids_;
};

struct Settings {
  // Throws sf::Error(SF_INVALID): a name or id of two hosts, with both; two signals or canaries of one name; a matcher
  // that recognises nothing; an inventory that is none.
  Settings(const sf::Host& host, std::string_view settings_json);

  HostNames names;
  std::vector<ExpectedHost> hosts;
  std::vector<Signal> signals;
  std::vector<CanarySpec> canaries;
  std::int64_t freshness_max_ms = 0;
  std::int64_t clock_ahead_max_ms = 0;
  std::int64_t quiet_factor = 0;
  std::int64_t quiet_floor_ms = 0;
  std::size_t known_hosts_max = 0;

 private:
  void add_host(const nlohmann::json& settings, std::int64_t longest_ms);
  void add_inventory(const sf::Host& host, const std::string& path, std::int64_t longest_ms);
};

}  // namespace coverage
