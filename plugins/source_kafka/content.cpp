// SPDX-License-Identifier: Apache-2.0
#include "content.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "../shared/cut_record.hpp"
#include "../shared/json_slice.hpp"

namespace source_kafka {
namespace {

bool is_object(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

// What `text` is instead of one JSON object; "" when it is one.
std::string flaw(std::string_view text) {
  if (!nlohmann::json::accept(text.begin(), text.end())) return "is not JSON";
  return is_object(text) ? "" : "is JSON, but not an object";
}

std::string member_name(const Settings& settings) {
  return "the member \"" + printable(settings.member, 60) + "\"";
}

}  // namespace

Content find_alert(std::string_view message, const Settings& settings, std::string& buffer) {
  if (message.size() > settings.max_message_bytes)
    return {{}, "it is larger than max_message_bytes (" + std::to_string(message.size()) + " bytes)"};
  if (auto what = flaw(message); !what.empty()) return {{}, "it " + what};
  if (settings.member.empty()) return {message, ""};
  std::string_view found;
  int times = 0;
  shared::each_member(message, [&](std::string_view key, std::string_view value) {
    if (key != settings.member) return;
    found = value;
    ++times;
  });
  if (times != 1) return {{}, "it has " + member_name(settings) + (times == 0 ? " not" : " more than once")};
  if (found.front() != '"') {
    if (!is_object(found)) return {{}, member_name(settings) + " is neither an object nor text"};
    return {found, ""};
  }
  // The message was accepted, so this is a string; text that is no UTF-8 was refused above.
  buffer = nlohmann::json::parse(found.begin(), found.end()).get<std::string>();
  if (auto what = flaw(buffer); !what.empty()) return {{}, "the text in " + member_name(settings) + " " + what};
  return {buffer, ""};
}

std::string kept_of(std::string_view message, const Settings& settings, const sf::Host& host) {
  if (message.size() <= std::max(settings.max_message_bytes, shared::kRejectedKept)) return std::string(message);
  return shared::cut_record(message, std::to_string(message.size()) + " bytes, SHA-256 " + host.sha256(message));
}

}  // namespace source_kafka
