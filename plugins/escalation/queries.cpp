// SPDX-License-Identifier: Apache-2.0
#include "queries.hpp"

#include <signalfoundry/wazuh_mapping.hpp>

#include "../shared/alert_prose.hpp"

namespace escalation {

using Json = nlohmann::ordered_json;
using shared::AlertView;
using shared::Field;

namespace {

constexpr std::size_t kTermMax = 1024;  // bytes; Wazuh's template does not index longer keywords

std::string_view name_of(Field field) {
  return shared::kFieldNames[static_cast<std::size_t>(field)];
}

// "/data/win/eventdata/image" -> "data.win.eventdata.image"
std::string dotted(std::string pointer) {
  for (auto& c : pointer)
    if (c == '/') c = '.';
  return pointer.substr(1);
}

// JSON that may stand in a fenced code block: what would end one, begin HTML or make a link, as \uNNNN.
std::string fenced(const Json& json) {
  std::string out;
  for (const char c : json.dump(2, ' ', true, Json::error_handler_t::replace)) {
    const bool link = c == '(' && out.ends_with(']');
    if (c == '`' || c == '<' || link) {
      out += "\\u";
      shared::append_hex(out, static_cast<unsigned char>(c), 4);
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

Queries::Queries(Settings settings) : settings_(std::move(settings)) {
  const auto mapping = nlohmann::json::parse(sf::kWazuhMapping);
  fields_ = mapping.at("fields");
  time_field_ = dotted(fields_.at("time").at(0).get<std::string>());
}

Json Queries::any_of(std::string_view field, std::string_view value) const {
  Json terms = Json::array();
  for (const auto& pointer : fields_.at(std::string(field)))
    terms.push_back({{"term", {{dotted(pointer.get<std::string>()), std::string(value)}}}});
  if (terms.size() == 1) return terms[0];
  return {{"bool", {{"should", std::move(terms)}, {"minimum_should_match", 1}}}};
}

Json Queries::around(std::string_view time) const {
  const std::string window = std::to_string(settings_.window_minutes) + "m";
  Json range{{"gte", std::string(time) + "||-" + window}, {"lte", std::string(time) + "||+" + window}};
  return {{"range", {{time_field_, std::move(range)}}}};
}

void Queries::write(std::string& out, std::string_view title, std::string_view time, const Json& wanted) const {
  Json filter = Json::array({around(time)});
  for (const auto& one : wanted) filter.push_back(one);
  const Json query{{"size", 100},
                   {"sort", Json::array({Json{{time_field_, "asc"}}})},
                   {"query", {{"bool", {{"filter", std::move(filter)}}}}}};
  out += "\n## " + std::string(title) + "\n\n```\nPOST /" + settings_.index + "/_search\n" + fenced(query) + "\n```\n";
}

void Queries::write_one(std::string& out, const AlertView& alert, std::string_view time, std::string_view title,
                        Field field) const {
  const auto value = alert.text(field);
  if (value && !value->empty() && value->size() <= kTermMax) {
    write(out, title, time, Json::array({any_of(name_of(field), *value)}));
    return;
  }
  out += "\n## " + std::string(title) + "\n\n";
  if (!value || value->empty())
    out += "No query: `" + std::string(name_of(field)) + "` is not in the alert.\n";
  else
    out += "No query: `" + std::string(name_of(field)) + "` has " + std::to_string(value->size()) +
           " bytes, more than an index keeps.\n";
}

void Queries::write_host(std::string& out, const AlertView& alert, std::string_view time) const {
  const auto rule = alert.text_or(Field::rule_id, "");
  const auto host = alert.text_or(Field::host_name, "");
  if (rule.empty() || host.empty() || rule.size() > kTermMax || host.size() > kTermMax) return;
  write(out, "The same rule on the same host", time,
        Json::array({any_of(name_of(Field::rule_id), rule), any_of(name_of(Field::host_name), host)}));
}

std::string Queries::markdown(const AlertView& alert) const {
  const auto time = alert.text(Field::time);
  const auto centre = time ? time : alert.text(Field::received);
  std::string out = "# Queries for " + shared::code(alert.text_or(Field::case_id, "")) + "\n\n";
  if (!centre) return out + "No queries: neither the alert nor its receipt has a time to search around.\n";
  out +=
      "For the Dev Tools console of OpenSearch or Wazuh, over an index with the field names of Wazuh 4. Each looks " +
      std::to_string(settings_.window_minutes) + " minutes to either side of ";
  out += time ? "the alert's time, " : "the time of receipt (the alert has no time), ";
  out += shared::code(*centre) + ", and gives the first 100 alerts, oldest first.\n";
  write_one(out, alert, *centre, "The same rule", Field::rule_id);
  write_host(out, alert, *centre);
  write_one(out, alert, *centre, "The same host", Field::host_name);
  write_one(out, alert, *centre, "The same user", Field::user_name);
  write_one(out, alert, *centre, "The same source address", Field::source_ip);
  return out;
}

}  // namespace escalation
