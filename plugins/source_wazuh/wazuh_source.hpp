// SPDX-License-Identifier: Apache-2.0
//
// wazuh_source.hpp - the source for an indexer of Wazuh 4 or 5: what it searches depends on the setting `schema`.
// [stage-thread]
#pragma once
#include <string_view>

#include "../shared/search/source.hpp"

namespace source_wazuh {

extern const search::Dialect kWazuh4;  // alerts in wazuh-alerts-*
extern const search::Dialect kWazuh5;  // findings in wazuh-findings-v5-*

class WazuhSource : public search::Source {
 protected:
  const search::Dialect& dialect(std::string_view settings_json) const override;
};

}  // namespace source_wazuh
