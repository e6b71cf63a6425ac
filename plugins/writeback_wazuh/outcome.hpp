// SPDX-License-Identifier: Apache-2.0
//
// outcome.hpp - what became of the documents of one finding, by what the indexer says of each of them. [stage-thread]
//
// Source: RestUpdateFindingsAction of wazuh-indexer-security-analytics: 200 or 207, "errors", and of each item its
// "status" and "result" or "error"; a request that is refused as a whole has "message".
#pragma once
#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>

namespace writeback_wazuh {

// The reason in an answer or an item: its "error", a text or an object with "reason", else its "message". Printable,
// at most 200 bytes; "" where it gives none.
std::string reason_of(const nlohmann::json& answer);

class Outcome {
 public:
  // `who` is what messages call the server.
  explicit Outcome(std::string who) : who_(std::move(who)) {}

  // Takes the answer about the next `count` documents. Throws sf::Error(SF_RETRY) for one that is not understood.
  void add(const std::string& body, std::size_t count);
  // Throws sf::Error for what went wrong with a document: SF_DENIED where this user may not change it, SF_AGAIN where
  // the fault may pass, SF_FAILED where it will not; the first of these that is there. While a document that somebody
  // else changed can be looked at again, SF_FAILED waits for that; after the last look it is SF_AGAIN.
  void settle(bool last_look) const;

  std::size_t done() const { return done_; }            // documents that have the status now
  bool changed() const { return changed_.count != 0; }  // somebody else changed one since it was looked at

 private:
  struct Fault {
    std::size_t count = 0;
    std::string first;  // "(429 rejected execution of …)"
  };
  Fault& fault_of(unsigned status, const std::string& reason);
  std::string so_many(const Fault& fault) const;

  std::string who_;
  std::size_t asked_ = 0;
  std::size_t done_ = 0;
  Fault denied_, passing_, changed_, refused_;
};

}  // namespace writeback_wazuh
