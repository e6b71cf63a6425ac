// SPDX-License-Identifier: Apache-2.0
//
// content.hpp - the alert in a message's bytes. [any-thread]
#pragma once
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

}  // namespace source_kafka
