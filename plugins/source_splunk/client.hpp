// SPDX-License-Identifier: Apache-2.0
//
// client.hpp - one question after another to Splunk, each repeated while its fault may pass. [stage-thread]
#pragma once
#include <signalfoundry/host.hpp>
#include <signalfoundry/source.hpp>

#include <atomic>
#include <functional>
#include <optional>
#include <string>

#include "answer.hpp"
#include "settings.hpp"

namespace source_splunk {

// Both questions throw sf::Error when the fault does not pass within retry_for or will not pass: SF_RETRY, SF_DENIED,
// SF_INVALID (TLS), SF_FAILED; and sf::Stop when the run stops.
class Client {
 public:
  Client(const sf::Host& host, const Settings& settings, const std::atomic<bool>& stop)
      : host_(host), settings_(settings), stop_(stop), longest_ms_(settings.window_ms) {}

  // Asks who asks: proves the credentials without a search and tells the server's clock, by its Date header.
  std::optional<std::int64_t> clock_ms();
  // Every result of `slice`, which is cut to its first half while the answer is too large or too slow.
  Answer search(Slice& slice);
  // The longest slice that is worth asking for.
  std::int64_t longest_ms() const { return longest_ms_; }

 private:
  struct Exchange;
  struct Question {
    const char* method;
    const char* path;
    std::string body;
  };
  using Read = std::function<std::optional<Problem>(Reply reply)>;
  using Smaller = std::function<bool(const Problem&)>;
  void persist(const std::function<Question()>& question, const Read& read, const Smaller& smaller);
  std::optional<Problem> ask(const Question& question, const Read& read, std::optional<std::uint32_t>& retry_after_ms);
  void send(const Question& question, Exchange& exchange) const;

  sf::Host host_;
  const Settings& settings_;
  const std::atomic<bool>& stop_;
  std::int64_t longest_ms_;
  std::optional<std::int64_t> date_ms_;
};

}  // namespace source_splunk
