// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include <signalfoundry/fs.hpp>

#include <algorithm>
#include <set>

#include "../shared/safe_text.hpp"

namespace coverage {

namespace {

using nlohmann::json;

constexpr std::size_t kHostsMax = 2'000;
constexpr std::size_t kSignalsMax = 64;
constexpr std::size_t kPerHostMax = 20'000;
constexpr std::size_t kNameMax = 128;
constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kLongestMs = 3650 * kDayMs;
constexpr std::uint64_t kInventoryMax = std::uint64_t{4} << 20U;

std::string in_quotes(std::string_view text) {
  return "\"" + shared::printable(text, 100) + "\"";
}
[[noreturn]] void refuse(const std::string& what) {
  throw sf::Error(SF_INVALID, what);
}

Bound bound_of(const json& settings, std::int64_t longest_ms) {
  return {settings.value("longest_silence", longest_ms), settings.value("at_least", std::uint64_t{0}),
          settings.value("window", kDayMs)};
}

// "30s", "5m", "2h", "7d" of the inventory to milliseconds.
std::int64_t duration_of(const json& value, const std::string& where) {
  const std::string text = value.is_string() ? value.get<std::string>() : "";
  std::int64_t number = 0;
  std::size_t at = 0;
  for (; at < text.size() && at < 12 && text[at] >= '0' && text[at] <= '9'; ++at)
    number = number * 10 + (text[at] - '0');
  const std::string unit = text.substr(at);
  const std::int64_t factor = unit == "s"   ? 1000
                              : unit == "m" ? 60'000
                              : unit == "h" ? 3'600'000
                              : unit == "d" ? kDayMs
                                            : 0;
  if (at == 0 || factor == 0 || number == 0 || number > kLongestMs / factor)
    refuse(where + " is no duration. Write a string like \"30m\", \"4h\" or \"7d\"");
  return number * factor;
}

void check_names(const json& value, const std::string& where) {
  const bool good = value.is_array() && std::all_of(value.begin(), value.end(), [](const json& one) {
                      return one.is_string() && !one.get_ref<const std::string&>().empty() &&
                             one.get_ref<const std::string&>().size() <= 255;
                    });
  if (!good) refuse(where + " is no list of names of 1 to 255 bytes");
}

// A host of the inventory, as the schema would have handed it over.
json checked_host(const json& given, const std::string& where) {
  if (!given.is_object()) refuse(where + " is no JSON object");
  json out = json::object();
  for (const auto& [key, value] : given.items()) {
    const std::string here = where + ", " + in_quotes(key) + ",";
    if (key == "name") {
      check_names(json::array({value}), here);
    } else if (key == "aliases" || key == "ids") {
      check_names(value, here);
    } else if (key == "longest_silence" || key == "window") {
      out[key] = duration_of(value, here);
      continue;
    } else if (key == "at_least") {
      if (!value.is_number_unsigned() || value == 0U || value > 1'000'000U)
        refuse(here + " is no number from 1 to 1000000");
    } else {
      refuse(here + " is no key of a host. There are name, aliases, ids, longest_silence, at_least, window");
    }
    out[key] = value;
  }
  if (!out.contains("name")) refuse(where + " has no name");
  return out;
}

template <class All>
void check_once(const All& all, const char* kind) {
  std::set<std::string> names;
  for (const auto& one : all)
    if (!names.insert(one.name).second) refuse(std::string("two ") + kind + " are named " + in_quotes(one.name));
}

}  // namespace

HostNames::HostNames(std::vector<std::string> domains) : domains_(std::move(domains)) {
  for (auto& domain : domains_) {
    domain = lower(domain);
    while (!domain.empty() && domain.back() == '.') domain.pop_back();
    if (!domain.empty() && domain.front() != '.') domain.insert(0, ".");
  }
  std::erase(domains_, "");
}

namespace {

// At most so many bytes of it, and no character in halves: what is kept as JSON has to come back as it was.
std::string_view beginning(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
  return text.substr(0, size);
}

}  // namespace

std::string HostNames::folded(std::string_view name) const {
  std::string out = lower(beginning(name, 2 * kNameMax));
  if (!out.empty() && out.back() == '.') out.pop_back();
  for (const auto& domain : domains_) {
    if (out.size() <= domain.size() || !out.ends_with(domain)) continue;
    out.resize(out.size() - domain.size());
    break;
  }
  return std::string(beginning(out, kNameMax));
}

std::optional<std::size_t> HostNames::add_name(std::string_view name, std::size_t host) {
  const auto [it, fresh] = names_.emplace(folded(name), host);
  return fresh || it->second == host ? std::nullopt : std::optional(it->second);
}

std::optional<std::size_t> HostNames::add_id(std::string_view id, std::size_t host) {
  const auto [it, fresh] = ids_.emplace(std::string(id), host);
  return fresh || it->second == host ? std::nullopt : std::optional(it->second);
}

HostNames::Found HostNames::find(std::string_view id, std::string_view name) const {
  const auto by_id = id.empty() || id.size() > 255 ? ids_.end() : ids_.find(std::string(id));
  const auto by_name = name.empty() ? names_.end() : names_.find(folded(name));
  if (by_id == ids_.end()) return {by_name == names_.end() ? kNone : by_name->second, false};
  return {by_id->second, by_name != names_.end() && by_name->second != by_id->second};
}

Settings::Settings(const sf::Host& host, std::string_view settings_json) {
  const json all = json::parse(settings_json);
  names = HostNames(all.value("domains", std::vector<std::string>()));
  const auto longest_ms = all.value("longest_silence", kDayMs);
  for (const auto& one : all.value("hosts", json::array())) add_host(one, longest_ms);
  if (all.contains("inventory")) add_inventory(host, all.at("inventory").get<std::string>(), longest_ms);
  for (const auto& one : all.value("signals", json::array())) {
    const auto name = one.at("name").get<std::string>();
    signals.push_back({name, Matcher(host, one, "the signal " + in_quotes(name)), bound_of(one, kDayMs),
                       one.value("per_host", false)});
  }
  for (const auto& one : all.value("canaries", json::array())) {
    const auto name = one.at("name").get<std::string>();
    canaries.push_back({name, Matcher(host, one, "the canary " + in_quotes(name)), one.at("every").get<std::int64_t>(),
                        one.value("within", std::int64_t{15 * 60'000}), one.at("disposition").get<std::string>()});
  }
  check_once(signals, "signals");
  check_once(canaries, "canaries");
  const auto per_host = static_cast<std::size_t>(
      std::count_if(signals.begin(), signals.end(), [](const Signal& s) { return s.per_host; }));
  if (signals.size() > kSignalsMax || canaries.size() > kSignalsMax || per_host * hosts.size() > kPerHostMax)
    refuse("at most 64 signals, 64 canaries, and 20000 pairs of a host and a signal that is per_host");
  freshness_max_ms = all.value("freshness_max", kDayMs);
  clock_ahead_max_ms = all.value("clock_ahead_max", std::int64_t{5 * 60'000});
  quiet_factor = all.value("quiet_factor", std::int64_t{20});
  quiet_floor_ms = all.value("quiet_floor", kDayMs);
  known_hosts_max = all.value("known_hosts_max", std::size_t{5'000});
}

void Settings::add_host(const json& settings, std::int64_t longest_ms) {
  const auto index = hosts.size();
  if (index >= kHostsMax) refuse("at most 2000 hosts can be expected");
  const auto name = settings.at("name").get<std::string>();
  hosts.push_back(
      {name, bound_of(settings, longest_ms), settings.contains("longest_silence") || settings.contains("at_least")});
  const auto check = [&](const char* kind, const std::string& text, const std::optional<std::size_t>& other) {
    if (other)
      refuse(std::string("the ") + kind + " " + in_quotes(text) + " stands for two hosts, " +
             in_quotes(hosts[*other].name) + " and " + in_quotes(name) +
             ": an alert of one would count for the other. Take it from one of them");
  };
  check("name", name, names.add_name(name, index));
  for (const auto& alias : settings.value("aliases", std::vector<std::string>()))
    check("alias", alias, names.add_name(alias, index));
  for (const auto& id : settings.value("ids", std::vector<std::string>())) check("id", id, names.add_id(id, index));
}

void Settings::add_inventory(const sf::Host& host, const std::string& path, std::int64_t longest_ms) {
  const std::string what = "the inventory " + in_quotes(path);
  const auto dir = sf::fs::Dir::open(host, "parent:inventory");
  sf::fs::Entry entry{path.substr(path.rfind('/') + 1), 0, 0, 0, 0, SF_FILE};
  if (!dir) refuse(what + " is not there");
  const auto text = dir->read(entry, 0, kInventoryMax + 1)
                        .match([](std::string bytes) { return std::optional(std::move(bytes)); },
                               [](sf::Gone) { return std::optional<std::string>(); });
  if (!text) refuse(what + " is not there, or is no regular file");
  if (text->size() > kInventoryMax) refuse(what + " is larger than 4 MiB");
  const json parsed = json::parse(*text, nullptr, false);
  if (!parsed.is_object() || parsed.size() != 1 || !parsed.contains("hosts") || !parsed.at("hosts").is_array())
    refuse(what + " is not JSON of the form {\"hosts\": [{\"name\": \"ws-01\"}]}");
  for (std::size_t i = 0; i < parsed.at("hosts").size(); ++i)
    add_host(checked_host(parsed.at("hosts")[i], what + ", host " + std::to_string(i + 1)), longest_ms);
}

}  // namespace coverage
