// SPDX-License-Identifier: Apache-2.0
#include "preflight.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "../shared/search/exchange.hpp"
#include "answer.hpp"
#include "search_text.hpp"

namespace source_splunk {
namespace {

using Json = nlohmann::json;
using ::search::Question;

constexpr std::int64_t kHourMs = 3'600'000;
constexpr std::size_t kLargestPart = std::size_t{1} << 20U;
constexpr const char* kPage = "docs/sources/splunk.md#before-the-first-run";

// entry[0].content of an answer in output_mode=json (REST API Reference, "Atom feed response" in JSON).
Json content_of(const std::string& body) {
  const auto j = body.size() > kLargestPart ? Json() : Json::parse(body, nullptr, false);
  if (!j.is_object() || !j.contains("entry") || !j["entry"].is_array() || j["entry"].empty()) return {};
  const auto& entry = j["entry"].front();
  return entry.is_object() && entry.contains("content") && entry["content"].is_object() ? entry["content"] : Json();
}

std::string text_at(const Json& object, const char* key) {
  if (!object.is_object() || !object.contains(key) || !object[key].is_string()) return {};
  return printable(object[key].get_ref<const std::string&>(), 60);
}

std::vector<std::string> list_at(const Json& object, const char* key) {
  std::vector<std::string> out;
  if (!object.is_object() || !object.contains(key) || !object[key].is_array()) return out;
  for (const auto& one : object[key])
    if (one.is_string() && out.size() < 500) out.push_back(printable(one.get_ref<const std::string&>(), 60));
  return out;
}

bool holds(const std::vector<std::string>& list, const char* word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

class Preflight {
 public:
  Preflight(const sf::Host& host, const Settings& settings, const std::atomic<bool>& stop, const sf::Checks& out)
      : host_(host), settings_(settings), out_(out), exchange_(host, settings, "Splunk at " + settings.where, stop) {}

  void run() {
    const auto* api = host_.find<sf_http_api>(SF_SERVICE_HTTP);
    if (api != nullptr && SF_HAS(api, reach) && !exchange_.reach(out_)) return;
    if (!credentials()) return;
    product();
    index();
  }

 private:
  std::optional<Problem> ask(Question question, Reply& reply) {
    if (settings_.token) question.bearer_secret = "token";
    return exchange_.ask(question, [&](Reply given) {
      reply = std::move(given);
      return std::optional<Problem>();
    });
  }
  std::optional<Problem> get(const char* path, Reply& reply) {
    Question question;
    question.method = "GET";
    question.path = path;
    return ask(question, reply);
  }
  void tell(const char* step, const Problem& problem) {
    out_.failed(step, problem.status < 0 ? problem.status : SF_FAILED, problem.what, problem.remedy);
  }

  // GET authentication/current-context tells username, roles and capabilities of who asks.
  bool credentials() {
    Reply reply;
    auto problem = get("/services/authentication/current-context?output_mode=json", reply);
    if (!problem) problem = refused(reply, settings_);
    if (problem) return tell("credentials", *problem), false;
    const auto content = content_of(reply.body);
    const auto capabilities = list_at(content, "capabilities");
    std::string roles;
    for (const auto& role : list_at(content, "roles"))
      if (roles.size() < 200) roles += (roles.empty() ? "" : ", ") + role;
    const auto found = "known as \"" + text_at(content, "username") + "\", with the roles " +
                       (roles.empty() ? "that are not told" : roles);
    if (!capabilities.empty() && !holds(capabilities, "search")) {
      out_.failed("credentials", SF_DENIED, found + ", which lack the capability search",
                  std::string("add search to the role (") + kPage + ")");
      return false;
    }
    if (holds(capabilities, "admin_all_objects"))
      out_.warn("credentials", found + "; the capability admin_all_objects may change everything in Splunk",
                std::string("make a user that can only search (") + kPage + ")");
    else
      out_.ok("credentials", found);
    return true;
  }

  void product() {
    Reply reply;
    if (const auto problem = get("/services/server/info?output_mode=json", reply)) return tell("product", *problem);
    const auto version = text_at(content_of(reply.body), "version");
    if (reply.status != 200 || version.empty())
      return out_.skipped("product", "Splunk at " + settings_.where + " does not tell its version (" +
                                         std::to_string(reply.status) + "), and a run does not need it");
    out_.ok("product", "splunk " + version);
  }

  // The last hour of index time, asked as a run asks; its first half while it is too large.
  void index() {
    const auto now = host_.now_ms() / 1000 * 1000;
    const Slice slice{now - kHourMs, now};
    Question question;
    question.path = "/services/search/v2/jobs/export";
    question.body = form_of(slice, settings_);
    question.type = "application/x-www-form-urlencoded";
    Reply reply;
    auto problem = ask(question, reply);
    if (problem && problem->status == SF_TOO_LARGE)
      return out_.ok("index", "more than page_bytes were indexed in the last hour; a run asks for less at a time");
    Answer answer;
    std::vector<std::string> warnings;
    if (!problem) problem = read_answer(std::move(reply), settings_, slice, answer, warnings);
    if (problem) return tell("index", *problem);
    std::uint64_t count = 0;
    while (answer.next()) ++count;
    const auto found = std::to_string(count) + " alerts were indexed in the last hour";
    if (!warnings.empty())
      return out_.warn("index", found + "; Splunk says: " + warnings.front(), std::string("see ") + kPage);
    if (count == 0)
      return out_.warn("index", "the search runs, and finds nothing that was indexed in the last hour",
                       std::string("see whether the role may search the index (") + kPage +
                           "); Splunk does not tell of indexes that it may not");
    out_.ok("index", found);
  }

  const sf::Host& host_;
  const Settings& settings_;
  const sf::Checks& out_;
  ::search::Exchange exchange_;
};

}  // namespace

void preflight(const sf::Host& host, const Settings& settings, const std::atomic<bool>& stop, const sf::Checks& out) {
  Preflight(host, settings, stop, out).run();
}

}  // namespace source_splunk
