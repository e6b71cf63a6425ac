// SPDX-License-Identifier: Apache-2.0
//
// findings.hpp - the findings of a Wazuh 5 indexer, and the status of their cases. [stage-thread]
//
// Source: wazuh-indexer-plugins, docs/ref/modules/security-analytics/case-management.md.
#pragma once
#include <signalfoundry/host.hpp>

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "../shared/search/exchange.hpp"

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
  std::string status;  // of its case; "": none yet
};

class Findings {
 public:
  // `server` and `stop` must outlive it.
  Findings(const sf::Host& host, const search::Server& server, std::string index, const std::atomic<bool>& stop);

  // The documents of this finding. Throws what Exchange::persist() throws.
  std::vector<Stored> find(const Finding& finding);
  // Sets the status of these documents' cases. Throws that, and sf::Error(SF_FAILED) when one was not updated.
  void update(const std::vector<Stored>& documents, std::string_view status);

 private:
  search::Reply ask(const search::Question& question);

  search::Exchange exchange_;
  std::string who_;
  std::string index_;
};

}  // namespace writeback_wazuh
