// SPDX-License-Identifier: Apache-2.0
#include "preflight.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api_key.hpp"
#include "permission.hpp"
#include "query.hpp"

namespace search {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kHourMs = 3'600'000;
constexpr std::size_t kLargestPart = std::size_t{1} << 20U;
constexpr unsigned kUnauthorised = 401;
constexpr unsigned kForbidden = 403;

Json parse(const std::string& body) {
  return body.size() > kLargestPart ? Json(Json::value_t::discarded) : Json::parse(body, nullptr, false);
}

std::string text_at(const Json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto at = object.find(key);
  return at != object.end() && at->is_string() ? printable(at->get_ref<const std::string&>(), 60) : std::string();
}

// "reader, own_index"; at most ten.
std::string list_at(const Json& object, const char* key) {
  std::string out;
  if (!object.is_object() || !object.contains(key) || !object[key].is_array()) return out;
  std::size_t count = 0;
  for (const auto& one : object[key]) {
    if (!one.is_string()) continue;
    if (++count > 10) return out + ", …";
    out += (out.empty() ? "" : ", ") + printable(one.get_ref<const std::string&>(), 60);
  }
  return out;
}

bool holds(const Json& object, const char* key, const char* word) {
  return object.is_object() && object.contains(key) && object[key].is_array() &&
         std::any_of(object[key].begin(), object[key].end(), [&](const Json& one) { return one == word; });
}

std::string age(std::int64_t ms) {
  const auto s = std::max<std::int64_t>(ms, 0) / 1000;
  if (s < 120) return std::to_string(s) + " s";
  if (s < 7200) return std::to_string(s / 60) + " minutes";
  return s < 172'800 ? std::to_string(s / 3600) + " hours" : std::to_string(s / 86'400) + " days";
}

}  // namespace

std::optional<Problem> Preflight::ask(const char* method, const std::string& path, const std::string& body,
                                      Reply& reply) {
  ApiKey key;
  Question question;
  question.method = method;
  question.path = path;
  question.body = body;
  if (settings_.api_key) question.authorization = key.read(host_);
  return exchange_.ask(question, [&](Reply given) {
    reply = std::move(given);
    return std::optional<Problem>();
  });
}

// A refusal of the role names the right that it lacks.
void Preflight::tell(const char* step, const Problem& problem, const Reply& reply) {
  const auto missing = reply.status == kForbidden ? lacking(reply.body) : std::string();
  const auto advice = missing.empty() ? problem.remedy
                                      : "add " + missing + " on " + printable(settings_.index, 60) + " to the role (" +
                                            settings_.dialect->page + "#before-the-first-run)";
  out_.failed(step, problem.status < 0 ? problem.status : SF_FAILED, problem.what, advice);
}

void Preflight::run() {
  const auto* api = host_.find<sf_http_api>(SF_SERVICE_HTTP);
  if (api != nullptr && SF_HAS(api, reach) && !exchange_.reach(out_)) return;
  if (!credentials()) return;
  product();
  if (index() && settings_.sweep_back_ms > 0) counts();
}

void Preflight::tell_user(const std::string& body) {
  const auto j = parse(body);
  const auto& d = *settings_.dialect;
  auto name = text_at(j, "user_name");
  if (name.empty()) name = text_at(j, "username");
  const auto roles = list_at(j, "roles");
  const auto found = "known as " + (name.empty() ? "somebody whose name is not told" : "\"" + name + "\"") +
                     (roles.empty() ? ", with roles that are not told" : ", with the roles " + roles);
  if (name == d.superuser || holds(j, "roles", "all_access") || holds(j, "roles", "superuser"))
    return out_.warn("credentials", found + "; that may change everything on the " + std::string(d.server),
                     std::string("make a user that can only read (") + d.page + "#before-the-first-run)");
  out_.ok("credentials", found);
}

// Who am I: any user may ask, and nothing else has to be allowed for it.
bool Preflight::credentials() {
  Reply reply;
  if (const auto problem = ask("GET", settings_.dialect->whoami, "", reply)) {
    out_.failed("credentials", problem->status, problem->what, problem->remedy);
    return false;
  }
  if (reply.status == 200) {
    tell_user(reply.body);
  } else if (reply.status == kUnauthorised) {
    Page page;
    tell("credentials", *read_answer(reply, settings_, page), reply);
    return false;
  } else {
    out_.skipped("credentials", settings_.who() + " does not say who asks (" + std::to_string(reply.status) +
                                    "): a server without its security plugin, or a proxy before it");
  }
  return true;
}

void Preflight::product() {
  Reply reply;
  if (const auto problem = ask("GET", "/", "", reply))
    return out_.failed("product", problem->status, problem->what, problem->remedy);
  if (reply.status == kForbidden)
    return out_.skipped("product", "the role does not let it be told (" +
                                       (lacking(reply.body).empty() ? "403" : lacking(reply.body)) +
                                       "), and a run does not need it");
  const auto j = parse(reply.body);
  const auto version = j.is_object() && j.contains("version") ? j["version"] : Json();
  const auto number = text_at(version, "number");
  if (reply.status != 200 || number.empty())
    return out_.skipped("product",
                        settings_.who() + " does not tell its version (" + std::to_string(reply.status) + ")");
  const auto distribution = text_at(version, "distribution");
  out_.ok("product", (distribution.empty() ? "elasticsearch" : distribution) + " " + number);
}

// Its newest alert: what a run needs first, and whether anything comes in at all.
bool Preflight::index() {
  Reply reply;
  auto problem = ask("POST", path_of(settings_), newest_body(settings_), reply);
  Page page;
  if (!problem) problem = read_answer(reply, settings_, page);
  if (problem) {
    tell("index", *problem, reply);
    return false;
  }
  const auto index = printable(settings_.index, 60);
  if (page.shards == 0) {
    out_.warn("index", "no index matches " + index + ", or this user may not see it",
              std::string("wait until ") + settings_.dialect->writer +
                  " has created it, correct index, or see the role (" + settings_.dialect->page +
                  "#before-the-first-run)");
    return false;
  }
  const auto shards = index + " is readable, " + std::to_string(page.shards) + " shards";
  const auto newest = page.hits.empty() ? std::nullopt : sort_key(page.hits.front(), *settings_.dialect).time_ms;
  if (!newest) {
    out_.warn("index", shards + ", and it holds no alert", "see whether alerts are written to it");
    return true;
  }
  const auto old = host_.now_ms() - *newest;
  const auto found = shards + "; the newest alert is " + age(old) + " old";
  if (old > 24 * kHourMs)
    out_.warn("index", found, "see whether alerts are still written to it");
  else
    out_.ok("index", found);
  return true;
}

// The counts by minutes, with which a run looks for late alerts.
void Preflight::counts() {
  const auto now = host_.now_ms();
  Reply reply;
  auto problem = ask("POST", path_of(settings_), counting_probe_body(now - kHourMs, now + kMinuteMs, settings_), reply);
  Page page;
  if (!problem) problem = read_answer(reply, settings_, page);
  if (problem) return tell("counts", *problem, reply);
  if (!page.minutes)
    return out_.warn("counts", settings_.who() + " answered without counts by minutes",
                     "late alerts are not looked for then; see whether a proxy before it changes answers");
  std::uint64_t count = 0;
  for (const auto& minute : *page.minutes) count += minute.count;
  out_.ok("counts", std::to_string(count) + " alerts in the last hour, counted by minutes");
}

}  // namespace search
