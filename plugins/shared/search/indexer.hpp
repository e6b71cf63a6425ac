// SPDX-License-Identifier: Apache-2.0
//
// indexer.hpp - one search after another against the server, each repeated while its fault may pass. [stage-thread]
#pragma once
#include <signalfoundry/host.hpp>
#include <signalfoundry/source.hpp>

#include <atomic>
#include <functional>
#include <string>

#include "answer.hpp"
#include "retry.hpp"
#include "settings.hpp"

namespace search {

// The indexer answered, and this search is what failed: others may go well.
class SearchFailed : public sf::Error {
 public:
  using sf::Error::Error;
};

class Indexer {
 public:
  Indexer(const sf::Host& host, const Settings& settings, const std::atomic<bool>& stop)
      : host_(host), settings_(settings), stop_(stop), size_(settings.page_size) {}

  // A whole page. `body` gives the search for a page of at most so many alerts; it is asked again with fewer when the
  // server is short of memory or time, or the answer is too large. Throws sf::Error when the fault does not pass
  // within retry_for or will not pass: SF_RETRY, SF_DENIED, SF_INVALID (TLS), SF_FAILED; a SearchFailed where the
  // server itself is well. Throws sf::Stop when the run stops.
  Page search(const std::function<std::string(std::uint32_t size)>& body);

  std::uint32_t size() const { return size_; }
  // The clock by the last answer's Date header, where a proxy sets one.
  std::optional<std::int64_t> date_ms() const { return date_ms_; }

 private:
  struct Exchange;
  std::optional<Problem> ask(const std::string& body, Page& page, std::optional<std::uint32_t>& retry_after_ms);
  std::optional<Problem> read(Exchange& exchange, Page& page, std::optional<std::uint32_t>& retry_after_ms);
  [[noreturn]] static void give_up(const Problem& problem, const std::string& sentence, std::uint32_t retry_after_ms);
  bool shrink(const Problem& problem);
  void check_stop() const;

  sf::Host host_;
  const Settings& settings_;
  const std::atomic<bool>& stop_;
  std::uint32_t size_;
  std::optional<std::int64_t> date_ms_;
};

}  // namespace search
