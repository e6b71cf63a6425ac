// SPDX-License-Identifier: Apache-2.0
//
// content.hpp - the alert in a message's bytes. [any-thread]
#pragma once
#include <signalfoundry/host.hpp>

#include <string>
#include <string_view>

#include "settings.hpp"

namespace source_kafka {

struct Content {
  std::string_view alert;  // a part of the message, or of the buffer; one JSON object
  std::string reason;      // not "": there is no alert, and why
};

// `message` may be anything. With a member, an object there is the alert byte for byte, and a string there is read as
// JSON text of its own; `buffer` then holds it for as long as alert is used.
Content find_alert(std::string_view message, const Settings& settings, std::string& buffer);

// What quarantine keeps of a message that holds no alert: all of it, or of one that is too large the beginning and what
// tells it from others. Its place is no part of that: the same bytes read again, from whatever offset, are one.
std::string kept_of(std::string_view message, const Settings& settings, const sf::Host& host);

}  // namespace source_kafka
