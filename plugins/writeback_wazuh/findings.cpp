// SPDX-License-Identifier: Apache-2.0
#include "findings.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "json_member.hpp"

namespace writeback_wazuh {

namespace {

using Json = nlohmann::json;
using search::Problem;
using Act = Problem::Act;

constexpr std::size_t kTogether = 10;  // plugins.security_analytics.max_case_management_bulk_size, by default

std::string name_of(const search::Server& server) {
  return "the indexer at " + server.where;
}

// "(403 security_exception: …)" of an error answer.
std::string told(const search::Reply& reply) {
  const auto reason = reason_of(Json::parse(reply.body, nullptr, false));
  return "(" + std::to_string(reply.status) + (reason.empty() ? "" : " " + reason) + ")";
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

bool nobodys(std::string status) {
  for (char& c : status) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return status.empty() || status == "active";
}

// `source` is what the document has of wazuh.case.status, which the search gives whatever the shape: a list, a name
// with dots, an object. (Its `fields` would not do: beside a nested value they leave out the one of a name with dots.)
// The endpoint writes a plain text in nested objects, so that any other shape was put there by somebody else.
bool untouched(const Json& source) {
  std::size_t values = 0;
  std::vector<const Json*> rest = {&source};
  while (!rest.empty()) {
    const Json& one = *rest.back();
    rest.pop_back();
    if (one.is_structured())
      for (const auto& inner : one) rest.push_back(&inner);
    else if (!one.is_null())
      ++values;
  }
  const auto* status = text(member(member(member(&source, "wazuh"), "case"), "status"));
  return values == 0 || (values == 1 && status != nullptr && nobodys(*status));
}

// All shards answered, and in time. Of no shard, as while no index of the pattern is there, comes an empty list that
// says nothing.
bool whole(const Json& answer) {
  const auto* late = member(&answer, "timed_out");
  const auto* shards = member(&answer, "_shards");
  const auto* failed = member(shards, "failed");
  const auto* asked = member(shards, "total");
  return late != nullptr && *late == false && failed != nullptr && *failed == 0 && asked != nullptr && *asked != 0;
}

}  // namespace

Findings::Findings(const sf::Host& host, const search::Server& server, std::string index, const std::atomic<bool>& stop)
    : exchange_(host, server, name_of(server), stop), who_(name_of(server)), index_(std::move(index)) {}

search::Reply Findings::ask(const search::Question& question) {
  search::Reply out;
  const auto attempt = [&] {
    auto problem = exchange_.ask(question, [&](search::Reply reply) {
      out = std::move(reply);
      return judge(out, who_);
    });
    if (problem && problem->status == SF_TOO_LARGE)
      problem = Problem{
          Act::stop, SF_RETRY,
          who_ + " gave an answer that is not understood: it is larger than " + std::to_string(kAnswerMost) + " bytes",
          "see what stands at url"};
    return problem;
  };
  exchange_.persist(attempt, [](const Problem&) { return false; });
  return out;
}

Copies Findings::find(const Finding& finding) {
  const Json query = {{"size", kCopiesMost},
                      {"track_total_hits", true},
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
  const auto refuse = [&](const char* what) {
    throw sf::Error(SF_RETRY, who_ + " gave a list of findings that is not " + what + "; see what stands at url");
  };
  const auto* found = member(&answer, "hits");
  const auto* hits = member(found, "hits");
  if (hits == nullptr || !hits->is_array()) refuse("understood");
  if (!whole(answer)) refuse("whole");
  Copies out;
  for (const auto& hit : *hits) {
    const auto* id = text(member(&hit, "_id"));
    const auto* index = text(member(&hit, "_index"));
    const auto* source = member(&hit, "_source");
    if (id == nullptr || index == nullptr || source == nullptr) refuse("understood");
    out.documents.push_back({*id, *index, untouched(*source)});
  }
  const auto* total = member(member(found, "total"), "value");
  if (total != nullptr && total->is_number_unsigned())
    out.beyond = std::max<std::uint64_t>(total->get<std::uint64_t>(), hits->size()) - hits->size();
  return out;
}

Outcome Findings::update(const std::vector<Stored>& documents, std::string_view status) {
  Outcome out(who_);
  for (std::size_t at = 0; at < documents.size(); at += kTogether) {
    const auto end = std::min(documents.size(), at + kTogether);
    Json findings = Json::array();
    for (std::size_t i = at; i < end; ++i)
      findings.push_back({{"_id", documents[i].id}, {"_index", documents[i].index}, {"case", {{"status", status}}}});
    search::Question question;
    question.method = "PUT";
    question.path = "/_plugins/_security_analytics/findings/_update";
    question.body = Json{{"findings", findings}}.dump(-1, ' ', false, Json::error_handler_t::replace);
    out.add(ask(question).body, end - at);
  }
  return out;
}

}  // namespace writeback_wazuh
