// SPDX-License-Identifier: Apache-2.0
//
// exchange.hpp - one question after another to a server over sf.http/1, each repeated while its fault may pass.
// [stage-thread]
#pragma once
#include <signalfoundry/host.hpp>
#include <signalfoundry/source.hpp>

#include <atomic>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "problem.hpp"
#include "server.hpp"

namespace search {

// The server answered, and this search is what failed: others may go well.
class SearchFailed : public sf::Error {
 public:
  using sf::Error::Error;
};

struct Question {
  const char* method = "POST";
  std::string path;  // behind the url
  std::string body;
  const char* type = "application/json";  // of the body; what is wanted is JSON
  std::string_view authorization{};       // the header's value; "": none
  const char* bearer_secret = "";         // the setting that holds a bearer token; "": none
};

// How long a fault is waited out.
struct Patience {
  std::int64_t most_ms = std::numeric_limits<std::int64_t>::max();  // where that is less than retry_for
  bool afresh = false;  // what asks for less is another question, with as long a time of its own
};

class Exchange {
 public:
  // `server` and `stop` must outlive it. `who` is what messages call the server: "the indexer at 127.0.0.1:9200".
  Exchange(const sf::Host& host, const Server& server, std::string who, const std::atomic<bool>& stop)
      : host_(host), server_(server), who_(std::move(who)), stop_(stop) {}

  using Read = std::function<std::optional<Problem>(Reply reply)>;
  // One exchange: `read` judges an answer that came whole; one that did not come within timeout may if less is asked
  // for. Throws sf::Stop when the run stops.
  std::optional<Problem> ask(const Question& question, const Read& read);

  // Calls `attempt`, which asks once, until there is no problem. After one with retry_smaller, `smaller` makes the
  // next attempt ask for less and says whether it could. Throws sf::Error when the fault does not pass within the
  // patience for it or will not pass: SF_RETRY, SF_DENIED, SF_INVALID (TLS), SF_FAILED; a SearchFailed where the server
  // itself is well. Throws sf::Stop when the run stops.
  void persist(const std::function<std::optional<Problem>()>& attempt,
               const std::function<bool(const Problem&)>& smaller, Patience patience);
  void persist(const std::function<std::optional<Problem>()>& attempt,
               const std::function<bool(const Problem&)>& smaller) {
    persist(attempt, smaller, Patience());
  }

  // How far a request would come, told step by step; false: not to the server. Throws sf::Stop. The host must have
  // sf_http_api::reach.
  bool reach(const sf::Checks& out) const;

  // The clock by the last answer's Date header, where there is one.
  std::optional<std::int64_t> date_ms() const { return date_ms_; }

 private:
  struct Answer;
  sf_http_request request_to(const std::string& url) const;
  void send(const Question& question, Answer& answer) const;

  sf::Host host_;
  const Server& server_;
  std::string who_;
  const std::atomic<bool>& stop_;
  std::optional<std::int64_t> date_ms_;
  std::optional<std::uint32_t> retry_after_ms_;  // of the last answer
};

}  // namespace search
