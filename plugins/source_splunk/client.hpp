// SPDX-License-Identifier: Apache-2.0
//
// client.hpp - one question after another to Splunk, each repeated while its fault may pass. [stage-thread]
#pragma once
#include <signalfoundry/host.hpp>

#include <atomic>
#include <optional>

#include "../shared/search/exchange.hpp"
#include "answer.hpp"
#include "settings.hpp"

namespace source_splunk {

// Both questions throw what Exchange::persist() throws.
class Client {
 public:
  Client(const sf::Host& host, const Settings& settings, const std::atomic<bool>& stop)
      : host_(host),
        settings_(settings),
        exchange_(host, settings, "Splunk at " + settings.where, stop),
        longest_ms_(settings.window_ms) {}

  // Asks who asks: proves the credentials without a search and tells the server's clock, by its Date header.
  std::optional<std::int64_t> clock_ms();
  // Every result of `slice`, which is cut to its first half while the answer is too large or too slow.
  Answer search(Slice& slice);
  // The longest slice that is worth asking for.
  std::int64_t longest_ms() const { return longest_ms_; }

 private:
  sf::Host host_;
  const Settings& settings_;
  ::search::Exchange exchange_;
  std::int64_t longest_ms_;
};

}  // namespace source_splunk
