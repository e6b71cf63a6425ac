// SPDX-License-Identifier: Apache-2.0
//
// indexer.hpp - one search after another against the server, in pages that get smaller where it is short of memory.
// [stage-thread]
#pragma once
#include <signalfoundry/host.hpp>

#include <atomic>
#include <functional>
#include <limits>
#include <optional>
#include <string>

#include "answer.hpp"
#include "exchange.hpp"
#include "settings.hpp"

namespace search {

class Indexer {
 public:
  // `settings` and `stop` must outlive it.
  Indexer(const sf::Host& host, const Settings& settings, const std::atomic<bool>& stop)
      : host_(host), settings_(settings), exchange_(host, settings, settings.who(), stop), size_(settings.page_size) {}

  // A whole page. `body` gives the search for a page of at most so many alerts; it is asked again with fewer when the
  // server is short of memory or time, or the answer is too large. A fault is waited out for retry_for, at most
  // `most_ms`. Throws what Exchange::persist() throws.
  Page search(const std::function<std::string(std::uint32_t size)>& body,
              std::int64_t most_ms = std::numeric_limits<std::int64_t>::max());

  std::uint32_t size() const { return size_; }
  // The clock by the last answer's Date header, where a proxy sets one.
  std::optional<std::int64_t> date_ms() const { return exchange_.date_ms(); }

 private:
  bool shrink();

  sf::Host host_;
  const Settings& settings_;
  Exchange exchange_;
  std::uint32_t size_;
};

}  // namespace search
