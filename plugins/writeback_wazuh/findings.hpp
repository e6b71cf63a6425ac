// SPDX-License-Identifier: Apache-2.0
//
// findings.hpp - the findings of a Wazuh 5 indexer, and the status of their cases. [stage-thread]
//
// Source: wazuh-indexer-plugins, docs/ref/modules/security-analytics/case-management.md.
#pragma once
#include <signalfoundry/host.hpp>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../shared/search/exchange.hpp"
#include "outcome.hpp"

namespace writeback_wazuh {

// What makes a finding one, however often it was stored (docs/sources/wazuh5.md). A JSON object in the outbox.
struct Finding {
  std::string event_index;
  std::string doc_id;
  std::string rule_id;
};

struct Stored {  // one document of a finding
  std::string id;
  std::string index;
  bool untouched = false;  // nobody has set the status of its case
};

struct Copies {  // of one finding
  std::vector<Stored> documents;
  std::uint64_t beyond = 0;  // more of them, which were not looked at
};

class Findings {
 public:
  static constexpr std::size_t kCopiesMost = 1'000;  // that are looked at; a known fault of early builds stored eleven

  // Of an answer. A hit costs at most 255 bytes of index, 512 of id and 110 around them, so that the largest list takes
  // 857 KiB; and a tree of JSON takes up to sixty times its text.
  static constexpr std::uint64_t kAnswerMost = 1U << 20U;

  // `server` and `stop` must outlive it; server.page_bytes is kAnswerMost.
  Findings(const sf::Host& host, const search::Server& server, std::string index, const std::atomic<bool>& stop);

  // The documents of this finding. Throws what Exchange::persist() throws, and sf::Error(SF_RETRY) for a list that is
  // not whole, not understood or larger than kAnswerMost.
  Copies find(const Finding& finding);
  // Sets the status of these documents' cases, each whatever becomes of the others. Throws what Exchange::persist() and
  // Outcome::add() throw.
  Outcome update(const std::vector<Stored>& documents, std::string_view status);
  // What messages call the server.
  const std::string& who() const { return who_; }

 private:
  search::Reply ask(const search::Question& question);

  search::Exchange exchange_;
  std::string who_;
  std::string index_;
};

}  // namespace writeback_wazuh
