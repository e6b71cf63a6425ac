// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include <signalfoundry/error.hpp>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace source_kafka {
namespace {

constexpr std::int64_t kLongestMs = std::int64_t{3650} * 86'400'000;

[[noreturn]] void refuse(const std::string& sentence) {
  throw sf::Error(SF_INVALID, sentence);
}

bool letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Commas would make several brokers of one, and a scheme would override tls.
void check_broker(const std::string& broker) {
  const auto colon = broker.rfind(':');
  const auto host = std::string_view(broker).substr(0, colon);
  int port = 0;
  const char* end = broker.data() + broker.size();
  const bool number =
      colon != std::string::npos && std::from_chars(end - (broker.size() - colon - 1), end, port).ptr == end;
  const bool v6 = host.size() > 2 && host.front() == '[' && host.back() == ']';
  const auto name = v6 ? host.substr(1, host.size() - 2) : host;
  const bool characters = std::all_of(name.begin(), name.end(), [&](char c) {
    return letter_or_digit(c) || c == '.' || (v6 ? c == ':' : c == '-' || c == '_');
  });
  if (!number || port < 1 || port > 65535 || name.empty() || !characters)
    refuse("brokers holds \"" + printable(broker) + "\", which is no host:port; write kafka1.example:9093");
}

std::int64_t factor_of(std::string_view unit) {
  if (unit == "s") return 1000;
  if (unit == "m") return 60'000;
  if (unit == "h") return 3'600'000;
  return unit == "d" ? 86'400'000 : 0;
}

Start read_start(const std::string& text) {
  if (text == "earliest") return {};
  if (text == "latest") return {Start::Kind::latest, 0};
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  const auto factor = factor_of({at, static_cast<std::size_t>(end - at)});
  if (error != std::errc{} || factor == 0 || value <= 0 || value > kLongestMs / factor)
    refuse("start = \"" + printable(text) +
           "\" is no start; write \"earliest\", \"latest\" or a duration like \"24h\"");
  return {Start::Kind::back, value * factor};
}

void check(const Settings& s) {
  for (const auto& broker : s.brokers) check_broker(broker);
  for (const auto& topic : s.topics)
    if (!is_topic(topic))
      refuse("topics holds \"" + printable(topic) + "\", which no topic is called; write whole names, no patterns");
  if (s.client_cert.empty() != s.client_key.empty())
    refuse("client_cert and client_key belong together; set both or neither");
  if (s.password && s.user.empty()) refuse("there is a password but no user; set user");
  if (!s.user.empty() && !s.password)
    refuse("there is a user but no password; set password = { file = \"…\" } or { env = \"…\" }");
  if (!s.tls && !(s.ca_file.empty() && s.client_cert.empty()))
    refuse("ca_file and client_cert are for TLS, and tls = false; remove the one or the other");
  if (!s.tls && !s.user.empty() && s.mechanism == "PLAIN")
    refuse("mechanism = \"PLAIN\" without tls would send the password readable; set tls = true or use SCRAM-SHA-512");
}

}  // namespace

std::string Settings::where() const {
  std::string out;
  for (const auto& broker : brokers) out += (out.empty() ? "" : ", ") + broker;
  return printable(out, 200);
}

std::string Settings::filter() const {
  std::string out = "topics=";
  for (const auto& topic : topics) out += (out.back() == '=' ? "" : ",") + topic;
  return out + " member=" + member;
}

Settings read_settings(std::string_view json) {
  const auto j = nlohmann::json::parse(json);
  Settings s;
  s.brokers = j.at("brokers").get<std::vector<std::string>>();
  s.topics = j.at("topics").get<std::vector<std::string>>();
  std::sort(s.topics.begin(), s.topics.end());
  s.topics.erase(std::unique(s.topics.begin(), s.topics.end()), s.topics.end());
  s.start = read_start(j.value("start", std::string("earliest")));
  s.member = j.value("member", std::string());
  s.tls = j.value("tls", true);
  s.ca_file = j.value("ca_file", std::string());
  s.client_cert = j.value("client_cert", std::string());
  s.client_key = j.value("client_key", std::string());
  s.user = j.value("user", std::string());
  s.password = j.contains("password");
  s.mechanism = j.value("mechanism", std::string("SCRAM-SHA-512"));
  s.timeout_ms = j.value("timeout", 10'000U);
  s.retry_for_ms = j.value("retry_for", std::int64_t{60'000});
  s.max_message_bytes = j.value("max_message_bytes", std::size_t{1'048'576});
  check(s);
  return s;
}

bool is_topic(std::string_view name) {
  return !name.empty() && name.size() <= 249 && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return letter_or_digit(c) || c == '.' || c == '_' || c == '-'; });
}

}  // namespace source_kafka
