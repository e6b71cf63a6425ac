// SPDX-License-Identifier: Apache-2.0
#include "findings.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "../shared/safe_text.hpp"

namespace writeback_wazuh {

namespace {

using Json = nlohmann::json;
using search::Problem;
using Act = Problem::Act;

constexpr int kCopiesMost = 50;        // of one finding; a known fault of early builds stored eleven
constexpr std::size_t kTogether = 10;  // plugins.security_analytics.max_case_management_bulk_size, by default

std::string who(const search::Server& server) {
  return "the indexer at " + server.where;
}

// "(403 security_exception: …)" of an error answer.
std::string told(const search::Reply& reply) {
  const auto json = Json::parse(reply.body, nullptr, false);
  std::string reason;
  if (json.is_object() && json.contains("error")) {
    const auto& error = json["error"];
    reason = error.is_string() ? error.get<std::string>()
             : error.is_object() && error.contains("reason") && error["reason"].is_string()
                 ? error["reason"].get<std::string>()
                 : "";
  }
  return "(" + std::to_string(reply.status) + (reason.empty() ? "" : " " + shared::printable(reason, 200)) + ")";
}

std::optional<Problem> judge(const search::Reply& reply, const std::string& who) {
  const auto problem = [&](Act act, sf_status status, const char* what, const char* remedy) {
    return Problem{act, status, who + " " + what + " " + told(reply), remedy};
  };
  switch (reply.status) {
    case 200:
    case 207:
      return std::nullopt;
    case 401:
    case 403:
      return problem(Act::stop, SF_DENIED, "does not let this user change cases",
                     "give its role the permission of docs/sources/wazuh5.md");
    case 400:
      return problem(Act::stop, SF_FAILED, "refuses the change of a case",
                     "see whether case management is on, and how it spells a status");
    case 404:
    case 405:
      return problem(Act::stop, SF_RETRY, "knows no case management", "see whether it is Wazuh 5, and its url");
    default:
      return reply.status == 408 || reply.status == 429 || reply.status >= 500
                 ? problem(Act::retry, SF_RETRY, "cannot change cases now", "see the cluster's health")
                 : problem(Act::stop, SF_RETRY, "gave an answer that is not understood", "see what stands at url");
  }
}

std::string text(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

}  // namespace

Findings::Findings(const sf::Host& host, const search::Server& server, std::string index, const std::atomic<bool>& stop)
    : exchange_(host, server, who(server), stop), who_(who(server)), index_(std::move(index)) {}

search::Reply Findings::ask(const search::Question& question) {
  search::Reply out;
  exchange_.persist(
      [&] {
        return exchange_.ask(question, [&](search::Reply reply) {
          out = std::move(reply);
          return judge(out, who_);
        });
      },
      [](const Problem&) { return false; });
  return out;
}

std::vector<Stored> Findings::find(const Finding& finding) {
  const Json query = {{"size", kCopiesMost},
                      {"_source", {"wazuh.case.status"}},
                      {"query",
                       {{"bool",
                         {{"filter",
                           {{{"term", {{"event.doc_id", finding.doc_id}}}},
                            {{"term", {{"event.index", finding.event_index}}}},
                            {{"term", {{"wazuh.rule.id", finding.rule_id}}}}}}}}}}};
  search::Question question;
  question.path =
      "/" + index_ + "/_search?ignore_unavailable=true&allow_no_indices=true&allow_partial_search_results=false";
  question.body = query.dump();
  const auto answer = Json::parse(ask(question).body, nullptr, false);
  const auto hits = answer.is_object() ? answer.value("/hits/hits"_json_pointer, Json()) : Json();
  if (!hits.is_array())
    throw sf::Error(SF_RETRY, who_ + " gave a list of findings that is not understood; see what stands at url");
  std::vector<Stored> out;
  const Json none = Json::object();
  for (const auto& hit : hits) {
    if (!hit.is_object()) continue;
    const auto status = hit.value("/_source/wazuh/case/status"_json_pointer, Json());
    out.push_back({text(hit, "_id"), text(hit, "_index"), status.is_string() ? status.get<std::string>() : ""});
  }
  return out;
}

void Findings::update(const std::vector<Stored>& documents, std::string_view status) {
  for (std::size_t at = 0; at < documents.size(); at += kTogether) {
    Json findings = Json::array();
    for (std::size_t i = at; i < std::min(documents.size(), at + kTogether); ++i)
      findings.push_back({{"_id", documents[i].id}, {"_index", documents[i].index}, {"case", {{"status", status}}}});
    search::Question question;
    question.method = "PUT";
    question.path = "/_plugins/_security_analytics/findings/_update";
    question.body = Json{{"findings", findings}}.dump();
    const auto reply = ask(question);
    const auto answer = Json::parse(reply.body, nullptr, false);
    if (!answer.is_object() || answer.value("/errors"_json_pointer, Json(true)) != false)
      throw sf::Error(SF_FAILED, who_ + " did not change all cases of a finding " + told(reply) + "; see its log");
  }
}

}  // namespace writeback_wazuh
