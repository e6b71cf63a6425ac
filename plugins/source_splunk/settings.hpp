// SPDX-License-Identifier: Apache-2.0
//
// settings.hpp - what the stage was told, checked. [any-thread]
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "../shared/safe_text.hpp"
#include "../shared/search/server.hpp"

namespace source_splunk {

// What the events are: Wazuh alerts in _raw, or notable events of Splunk Enterprise Security in their fields.
enum class Content : std::uint8_t { wazuh, notable };

struct Settings : ::search::Server {
  std::string search;  // the operator's SPL, checked, without a leading "search"
  Content content = Content::wazuh;
  bool token = false;  // there is one; its value is the host's
  std::int64_t overlap_ms = 0;
  std::int64_t visibility_delay_ms = 0;
  std::int64_t start_ms = 0;
  std::int64_t window_ms = 0;     // whole seconds, as index times are
  std::int64_t event_age_ms = 0;  // 0: any

  // What the cursor's meaning depends on, as text.
  std::string filter() const {
    return std::string(content == Content::wazuh ? "content=wazuh" : "content=notable") + " search=" + search;
  }
  // "token" or "user \"x\"", for messages.
  std::string who() const;
};

// Throws sf::Error(SF_INVALID) for what the schema cannot say: a URL that is none, both or none of token and user, a
// search that would break the reading (search_text.hpp).
Settings read_settings(std::string_view json);

using shared::printable;

}  // namespace source_splunk
