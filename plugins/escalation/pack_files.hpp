// SPDX-License-Identifier: Apache-2.0
//
// pack_files.hpp - the texts of an escalation pack (docs/formats/pack.md). Each says only what the alert and its
// verdict say. [stage-thread]
#pragma once
#include <map>
#include <string>

#include "../shared/alert_view.hpp"

namespace escalation {

using shared::AlertView;
using shared::Field;

// Places in Wazuh's documents where an event keeps a time of its own.
class EventTimes {
 public:
  explicit EventTimes(const sf::Host& host);
  struct Found {
    std::string_view text;
    const char* what;
    const char* pointer;
  };
  std::vector<Found> in(const sf::Record& record) const;

 private:
  struct Place {
    const char* pointer;
    const char* what;
    sf::Path path;
  };
  std::vector<Place> places_;
};

std::string pack_json(const AlertView& alert);
std::string report_md(const AlertView& alert);
std::string timeline_csv(const AlertView& alert, const EventTimes& times);
// `sha256sum -c` reads it. digests: file name inside the pack -> 64 hex digits.
std::string manifest(const std::map<std::string, std::string>& digests);

}  // namespace escalation
