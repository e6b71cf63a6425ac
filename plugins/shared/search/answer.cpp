// SPDX-License-Identifier: Apache-2.0
#include "answer.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "../json_slice.hpp"

namespace search {
namespace {

using Json = nlohmann::json;
using shared::each_element;
using shared::each_member;
using Act = Problem::Act;

// A part of an answer that is small where an indexer speaks. A larger one is not taken apart: it could cost sixty times
// its size.
Json parse_part(std::string_view text) {
  constexpr std::size_t kLargest = std::size_t{1} << 20U;
  return text.size() > kLargest ? Json(Json::value_t::discarded) : Json::parse(text, nullptr, false);
}

// {"type": …, "reason": …} of an error answer or a shard failure; "" where it is not told.
struct Cause {
  std::string type;
  std::string reason;
  std::string text() const { return type.empty() ? reason : reason.empty() ? type : type + ": " + reason; }
};

std::string text_of(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? printable(it->get_ref<const std::string&>()) : std::string();
}

// Of a search that no shard was asked for, root_cause is [] and the reason is what it was caused by
// (AbstractSearchAsyncAction.run of OpenSearch and Elasticsearch: "Search rejected due to missing shards [[x][0]]").
Cause cause_of(const Json& error) {
  if (error.is_string()) return {"", printable(error.get_ref<const std::string&>())};
  if (!error.is_object()) return {};
  const auto roots = error.find("root_cause");
  if (roots != error.end() && roots->is_array() && !roots->empty() && roots->front().is_object())
    return {text_of(roots->front(), "type"), text_of(roots->front(), "reason")};
  if (const auto by = error.find("caused_by"); roots != error.end() && by != error.end() && by->is_object())
    return {text_of(error, "type"), text_of(*by, "reason")};
  return {text_of(error, "type"), text_of(error, "reason")};
}

Cause cause_of_body(const std::string& body) {
  const auto j = parse_part(body);
  if (j.is_object() && j.contains("error")) return cause_of(j["error"]);
  const auto first = body.find_first_not_of(" \r\n\t");
  return {"", first == std::string::npos ? "" : printable(std::string_view(body).substr(first), 60)};
}

std::string who(const Settings& s) {
  return s.who();
}

// "the indexer": for a remedy.
std::string the_server(const Settings& s) {
  return std::string("the ") + s.dialect->server;
}

std::string code(unsigned status, const Cause& cause) {
  const auto told = cause.text();
  return "(" + std::to_string(status) + (told.empty() ? ")" : " " + told + ")");
}

// "timestamp must be a date, id and manager.name keywords"
std::string fields_of(const Dialect& d) {
  const std::string first = d.ids[0];
  return std::string(d.time) + " must be a date, " +
         (d.id_count() == 1 ? first + " a keyword" : first + " and " + d.ids[1] + " keywords");
}

Problem unauthorised(const Settings& s) {
  if (s.api_key)
    return {Act::stop, SF_DENIED, who(s) + " refuses the API key (401)",
            "see whether it has expired or was invalidated, and that api_key is its encoded form"};
  if (s.user.empty() && s.client_cert.empty())
    return {Act::stop, SF_DENIED, who(s) + " wants credentials (401)",
            "set user and password, or client_cert and client_key"};
  const auto name =
      s.user.empty() ? std::string("the client certificate") : "user \"" + printable(s.user, 60) + "\" or its password";
  return {Act::stop, SF_DENIED, who(s) + " refuses " + name + " (401)",
          "correct it before the next run, since repeated tries can lock the user out"};
}

Problem forbidden(const Settings& s, const Cause& cause) {
  if (cause.type == "cluster_block_exception")
    return {Act::stop, SF_FAILED, who(s) + " blocks reading " + printable(s.index, 60) + " " + code(403, cause),
            "lift the block on the index"};
  const auto name = s.api_key        ? std::string("the API key")
                    : s.user.empty() ? std::string("this client")
                                     : "user \"" + printable(s.user, 60) + "\"";
  return {Act::stop, SF_DENIED,
          who(s) + " does not let " + name + " read " + printable(s.index, 60) + " " + code(403, cause),
          std::string("give its role read on that pattern (") + s.dialect->page + ")"};
}

Problem not_found(const Settings& s, const Cause& cause) {
  if (cause.type == "index_not_found_exception")
    return {Act::stop, SF_FAILED, who(s) + " has no index " + printable(s.index, 60) + " (404)",
            std::string("correct index, or wait until ") + s.dialect->writer + " has created it"};
  return {Act::stop, SF_FAILED, who(s) + " knows no search there " + code(404, cause),
          "correct url: it is " + the_server(s) + "'s own address, port 9200, not the dashboard's"};
}

Problem overloaded(const Settings& s, const Cause& cause) {
  if (cause.type == "circuit_breaking_exception")
    return {Act::retry_smaller, SF_RETRY, who(s) + " is short of memory " + code(429, cause),
            "lower page_size, or give " + the_server(s) + " more heap"};
  return {Act::retry, SF_RETRY, who(s) + " is overloaded and asked to wait " + code(429, cause),
          "poll less often, or lower page_size"};
}

// As allow_partial_search_results=false answers, with 503, where a shard of any index of the pattern is not there.
constexpr const char* kSearchPhase = "search_phase_execution_exception";

Problem refused(const Reply& reply, const Settings& s) {
  const auto cause = cause_of_body(reply.body);
  const auto told = [&](Act act, sf_status status, const char* what, std::string remedy) {
    const bool of_search =
        reply.status == 400 || reply.status == 500 || (reply.status == 503 && cause.type == kSearchPhase);
    return Problem{act, status, who(s) + " " + what + " " + code(reply.status, cause), std::move(remedy), of_search};
  };
  switch (reply.status) {
    case 400:
      return told(Act::stop, SF_FAILED, "refuses the query", "check index and its template: " + fields_of(*s.dialect));
    case 401:
      return unauthorised(s);
    case 403:
      return forbidden(s, cause);
    case 404:
      return not_found(s, cause);
    case 429:
      return overloaded(s, cause);
    case 500:
      return told(Act::retry_smaller, SF_RETRY, "failed", "see " + the_server(s) + "'s log");
    case 503:
      if (cause.type == kSearchPhase)
        return told(Act::retry, SF_RETRY, "lacks shards that the search needs",
                    "see the cluster's health; " + printable(s.index, 40) + ",-NAME leaves a lost index out");
      return told(Act::retry, SF_RETRY, "is not ready", "see the cluster's health");
    case 502:
      return told(Act::retry, SF_RETRY, "cannot be reached by the proxy before it", "see the proxy's log");
    case 408:
    case 504:
      return told(Act::retry_smaller, SF_RETRY, "did not answer its proxy in time",
                  "lower page_size, or raise the proxy's timeout");
    default:
      break;
  }
  if (reply.status >= 300 && reply.status < 400)
    return told(Act::stop, SF_FAILED, "redirects instead of answering",
                "set url to " + the_server(s) + " itself, not to a proxy or the dashboard");
  return told(Act::stop, SF_FAILED, "gave an answer that is not understood",
              "check url, and the log of a proxy before it");
}

Problem no_search_answer(const Settings& s, const std::string& body, const std::string& what) {
  const auto cause = cause_of_body(body);
  return {Act::retry, SF_RETRY, who(s) + " " + what + (cause.type.empty() ? "" : " (" + cause.text() + ")"),
          "check that url is " + the_server(s) + " itself"};
}

std::optional<std::int64_t> number_of(const Json& object, const char* key) {
  constexpr std::int64_t kMost = 1'000'000'000;
  if (!object.is_object()) return std::nullopt;
  const auto it = object.find(key);
  if (it == object.end() || !it->is_number_integer()) return std::nullopt;
  const auto number = it->get<std::int64_t>();
  return number >= 0 && number <= kMost ? std::optional(number) : std::nullopt;
}

// A search of remote clusters (index = "other:wazuh-alerts-*") leaves out those that are away, where they are set to be
// skipped, and says so here only. Counts that the server's version does not tell are none.
std::optional<Problem> check_clusters(std::string_view clusters, const Settings& s) {
  if (clusters.empty()) return std::nullopt;
  const auto j = parse_part(clusters);
  std::int64_t left = 0;
  for (const char* key : {"skipped", "partial", "failed", "running"}) left += number_of(j, key).value_or(0);
  const auto total = number_of(j, "total");
  const auto successful = number_of(j, "successful");
  if (total && total == successful && left == 0) return std::nullopt;
  return Problem{Act::retry, SF_RETRY,
                 who(s) + " could not search " +
                     (total && successful ? std::to_string(std::max(left, *total - *successful)) + " of " +
                                                std::to_string(*total) + " clusters"
                                          : std::string("all clusters")),
                 "see GET _remote/info there, and the health of the remote clusters", true};
}

std::optional<Problem> check_shards(std::string_view shards, const Settings& s, Page& page) {
  const auto j = parse_part(shards);
  const auto total = number_of(j, "total");
  const auto successful = number_of(j, "successful");  // what was skipped by its range of time is among them
  if (!total || !successful || !number_of(j, "failed"))
    return Problem{Act::retry, SF_RETRY, who(s) + " answered with a _shards that is none",
                   "check that url is " + the_server(s) + " itself"};
  page.shards = *total;
  // A shard that is nowhere is not among the failed.
  const auto failed = std::max(*number_of(j, "failed"), *total - *successful);
  if (failed == 0 && *total == *successful) return std::nullopt;
  Cause cause;
  // By reference: a copy is made by recursion, and it is the indexer that says how deep.
  if (const auto at = j.find("failures"); at != j.end() && at->is_array() && !at->empty() && at->front().is_object())
    if (const auto reason = at->front().find("reason"); reason != at->front().end()) cause = cause_of(*reason);
  const auto told = cause.text();
  return Problem{Act::retry, SF_RETRY,
                 who(s) + " could not read " + std::to_string(failed) + " of " + std::to_string(page.shards) +
                     " shards" + (told.empty() ? "" : " (" + told + ")"),
                 "see the cluster's health", true};
}

// What "now" came to in the probe's range.
std::optional<std::int64_t> clock_of(std::string_view aggregations) {
  const auto j = parse_part(aggregations);
  const auto* to = &j;
  for (const char* key : {"clock", "buckets"}) {
    if (!to->is_object() || !to->contains(key)) return std::nullopt;
    to = &(*to)[key];
  }
  if (!to->is_array() || to->empty() || !to->front().is_object()) return std::nullopt;
  const auto found = to->front().find("to");
  if (found == to->front().end() || !found->is_number()) return std::nullopt;
  const auto ms = found->get<double>();
  return ms > 0 && ms < 1e14 ? std::optional(static_cast<std::int64_t>(ms)) : std::nullopt;
}

// What a search answer consists of, as slices.
struct Parts {
  std::string_view shards;
  std::string_view clusters;
  std::string_view timed_out;
  std::string_view hits;
};

// More are never asked for; and a Hit costs more memory than the two bytes that a hostile list needs for one.
constexpr std::size_t kMostHits = 10'000;

bool read_hits(std::string_view hits, Page& page, bool& documents) {
  std::string_view list;
  if (!each_member(hits, [&](std::string_view key, std::string_view value) {
        if (key == "hits") list = value;
      }))
    return false;
  bool whole = true;
  documents = true;
  const bool is_list = each_element(list, [&](std::string_view element) {
    Hit hit;
    whole = whole && page.hits.size() < kMostHits &&
            each_member(element, [&](std::string_view key, std::string_view value) {
              if (key == "_source") hit.source = value;
              if (key == "_id" && value.front() == '"') hit.id = value.substr(1, value.size() - 2);
              if (key == "sort") hit.sort = value;
            });
    if (!whole) return;
    documents = documents && !hit.source.empty() && hit.source.front() == '{';
    page.hits.push_back(hit);
  });
  return is_list && whole;
}

}  // namespace

std::optional<Problem> read_answer(Reply reply, const Settings& s, Page& page) {
  if (reply.status != 200) return refused(reply, s);
  page = {};
  page.body = std::make_unique<const std::string>(std::move(reply.body));
  Parts parts;
  if (!each_member(*page.body, [&](std::string_view key, std::string_view value) {
        if (key == "_shards") parts.shards = value;
        if (key == "_clusters") parts.clusters = value;
        if (key == "timed_out") parts.timed_out = value;
        if (key == "hits") parts.hits = value;
        if (key != "aggregations") return;
        page.clock_ms = clock_of(value);
        page.minutes = minutes_of(value);
      })) {
    return Problem{
        Act::retry, SF_RETRY,
        who(s) + " did not answer with JSON but with \"" + printable(std::string_view(*page.body).substr(0, 60)) + "\"",
        "check that url is " + the_server(s) + ", not a login page or a proxy"};
  }
  if (parts.shards.empty())
    return no_search_answer(s, *page.body, "answered without _shards, so that nobody knows whether the page is whole");
  if (parts.timed_out == "true")
    return Problem{Act::retry_smaller, SF_RETRY, who(s) + " ran out of time while it searched (timed_out)",
                   "raise timeout, or lower page_size", true};
  if (auto problem = check_shards(parts.shards, s, page)) return problem;
  if (auto problem = check_clusters(parts.clusters, s)) return problem;
  bool documents = false;
  if (parts.hits.empty() || !read_hits(parts.hits, page, documents))
    return no_search_answer(s, *page.body, "answered without a list of hits");
  if (!documents)
    return Problem{Act::stop, SF_FAILED, who(s) + " gave hits without _source from " + printable(s.index, 60),
                   "switch _source on in the index template", true};
  return std::nullopt;
}

SortKey sort_key(const Hit& hit, const Dialect& dialect) {
  SortKey key;
  const auto j = parse_part(hit.sort);
  if (!j.is_array() || j.empty()) return key;
  if (j[0].is_number_integer()) key.time_ms = j[0].get<std::int64_t>();
  key.usable = key.time_ms && j.size() == 1 + dialect.id_count() &&
               std::none_of(j.begin(), j.end(), [](const Json& value) { return value.is_null(); });
  return key;
}

}  // namespace search
