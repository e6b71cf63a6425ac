// SPDX-License-Identifier: Apache-2.0
//
// Goal: whatever answers in the indexer's place, the answer is a whole page or a sentence; a page holds what a JSON
// parser finds in it, byte for byte. Input: the HTTP status in the first line, the body in the others.
#include "answer.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

#include "fuzz.hpp"

using namespace search;
using fuzz::hold;
using Json = nlohmann::json;

namespace {

constexpr Dialect kDialect = {.plugin = "source_wazuh",
                              .page = "docs/sources/wazuh.md",
                              .server = "indexer",
                              .writer = "Filebeat",
                              .superuser = "admin",
                              .whoami = "/_plugins/_security/authinfo",
                              .mapping = "",
                              .index = "wazuh-alerts-*",
                              .time = "timestamp",
                              .ids = {"id", "manager.name"},
                              .level = "rule.level",
                              .left_out = "",
                              .wildcards = "open"};

Settings make_settings() {
  Settings out;
  out.dialect = &kDialect;
  out.url = "https://127.0.0.1:9200";
  out.where = "127.0.0.1:9200";
  out.index = "wazuh-alerts-*";
  out.user = "sf-reader";
  return out;
}

void check_problem(const Problem& problem) {
  hold(fuzz::sentence(problem.what, 1000) && fuzz::sentence(problem.remedy, 300) && problem.status < 0);
}

// What an independent reading says must be so for a page. Escaped names are compared as they are written, so bodies
// that hold any are left out.
void compare(const Page& page) {
  const Json body = Json::parse(*page.body, nullptr, false);
  if (!body.is_object() || page.body->find('\\') != std::string::npos) return;
  hold(body.at("_shards").at("failed") == 0 && body.value("timed_out", Json()) != true);
  const Json& hits = body.at("hits").at("hits");
  hold(hits.is_array() && hits.size() == page.hits.size());
  for (std::size_t i = 0; i < hits.size(); ++i) hold(Json::parse(page.hits[i].source) == hits[i].at("_source"));
}

void check_page(const Page& page) {
  const auto within = [&](std::string_view part) {
    return part.empty() ||
           (part.data() >= page.body->data() && part.data() + part.size() <= page.body->data() + page.body->size());
  };
  for (const auto& hit : page.hits) {
    hold(within(hit.source) && within(hit.id) && within(hit.sort));
    hold(hit.source.front() == '{' && hit.source.back() == '}');
    const auto key = sort_key(hit, kDialect);
    hold(!key.usable || key.time_ms);
  }
  hold(!page.clock_ms || (*page.clock_ms >= 0 && *page.clock_ms < 100'000'000'000'000));
  compare(page);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Settings settings = make_settings();
  const auto [head, body] = fuzz::cut(fuzz::text_of(data, size), "\n");
  unsigned status = 200;
  std::from_chars(head.data(), head.data() + head.size(), status);
  Page page;
  if (const auto problem = read_answer({status, std::string(body)}, settings, page)) {
    check_problem(*problem);
    return 0;
  }
  hold(status == 200);
  check_page(page);
  return 0;
}
