// SPDX-License-Identifier: Apache-2.0
//
// The small parts of source_splunk: the SPL that is let through, the answer's lines, the cursor and its slices.
#include <signalfoundry/error.hpp>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../../../../plugins/source_splunk/answer.hpp"
#include "../../../../plugins/source_splunk/cursor.hpp"
#include "../../../../plugins/source_splunk/search_text.hpp"
#include "../../../../plugins/source_splunk/settings.hpp"
#include "support/catch.h"

using namespace source_splunk;

namespace {

constexpr Slice kSlice{1'000'000, 2'000'000};

Settings settings() {
  Settings s;
  s.url = "https://127.0.0.1:8089";
  s.where = "127.0.0.1:8089";
  s.search = "index=wazuh";
  s.token = true;
  s.window_ms = 3'600'000;
  s.overlap_ms = 300'000;
  s.visibility_delay_ms = 30'000;
  s.start_ms = 86'400'000;
  return s;
}

std::string row(int n, const std::string& more = "") {
  return R"({"preview":false,"offset":)" + std::to_string(n) + more + R"(,"result":{"_raw":"{\"n\":)" +
         std::to_string(n) + R"(}","sf_indextime":"1500","sf_cd":"1:2","sf_bkt":"wazuh~1~G"}})" + "\n";
}

// The sentence of what is wrong, or the texts of _raw.
struct Read {
  std::string problem;
  sf_status status = SF_OK;
  Problem::Act act{};
  std::vector<std::string> raws;
  std::vector<std::string> warnings;
};
Read read(const std::string& body, unsigned status = 200) {
  Read out;
  Answer answer;
  if (const auto p = read_answer({status, body}, settings(), kSlice, answer, out.warnings)) {
    out.problem = p->what + "; " + p->remedy;
    out.status = p->status;
    out.act = p->act;
    return out;
  }
  while (const auto found = answer.next()) out.raws.push_back(text_of(found->raw).value_or("none"));
  return out;
}
std::string refusal(const std::string& search) {
  try {
    return "passed: " + checked_search(search);
  } catch (const sf::Error& error) {
    CHECK(error.code() == SF_INVALID);
    return error.what();
  }
}
std::string message(const std::string& type, const std::string& text) {
  return nlohmann::json{{"preview", false}, {"messages", {{{"type", type}, {"text", text}}}}}.dump() + "\n";
}
bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const std::string kEmpty = "{\"preview\":false,\"lastrow\":true}\n";
const std::string kLast = R"(,"lastrow":true)";

}  // namespace

TEST_CASE("source_splunk search: what only filters is let through", "[source_splunk]") {
  for (const std::string text :
       {"index=wazuh sourcetype=wazuh", "index=a OR (index=b NOT host=\"x | stats\")", "`notable`",
        "index=w | where level > 3 | eval x=\"earliest=1\" | search NOT [ search index=l | stats count by h ]",
        "index=w msg=\"a \\\" | head 1\" latestversion=3", "index=w | rex field=_raw \"id[^\\]]+\""}) {
    INFO(text);
    CHECK(checked_search(text) == text);
  }
  CHECK(checked_search("  search   index=w  ") == "index=w");
  CHECK(checked_search("searchable=1") == "searchable=1");
}

TEST_CASE("source_splunk search: what would lose alerts or swallow our part is refused with a sentence",
          "[source_splunk]") {
  CHECK(has(refusal("index=w | stats count by host"), "pipes into \"stats\", which may leave out or change events"));
  for (const std::string command : {"head 100", "dedup id", "table id", "fields id", "rename _raw as x", "TimeChart x",
                                    "tstats count", "delete", "collect index=x", "sendemail to=x"})
    CHECK(has(refusal("index=w |" + command), "search pipes into \""));
  CHECK(has(refusal("index=w | where x=1 || stats count"), "pipe that no command follows"));
  CHECK(has(refusal("| tstats count"), "begins with a pipe"));
  CHECK(has(refusal("index=w earliest=-24h"), "holds earliest="));
  CHECK(has(refusal("index=w Latest = now"), "holds latest="));
  CHECK(has(refusal("index=w (_index_earliest=-1h)"), "holds _index_earliest="));
  for (const std::string name : {"starttime", "starttimeu", "startdaysago", "startmonthsago", "endtime", "endtimeu",
                                 "enddaysago", "endhoursago", "endminutesago", "endmonthsago", "daysago", "hoursago",
                                 "minutesago", "monthsago", "searchtimespanhours", "searchtimespandays", "timeformat"})
    CHECK(has(refusal("index=w " + name + "=1"), "holds " + name + "="));
  CHECK(has(refusal("index=w x=\"a"), "holds a \" without its other half"));
  CHECK(has(refusal("index=w `a"), "holds a ` without its other half"));
  CHECK(has(refusal("index=w ```note```"), "holds a comment"));
  CHECK(has(refusal("index=w [search x"), "holds a [ without its ]"));
  CHECK(has(refusal("index=w ]"), "holds a ] without its ["));
  CHECK(has(refusal("index=w\n| delete"), "line break"));
  CHECK(has(refusal("search "), "is empty"));
}

TEST_CASE("source_splunk form: names a stretch of index time, and all time for the events", "[source_splunk]") {
  auto s = settings();
  s.search = "index=w a&b=+\xc3\xa4";
  const auto form = form_of({1'500'000'000, 1'500'060'000}, s);
  CHECK(form.rfind("search=search%20index%3dw%20a%26b%3d%2b%c3%a4%20%7c%20eval%20", 0) == 0);
  CHECK(has(form, "&earliest_time=0&latest_time=947580060"));
  CHECK(has(form, "&index_earliest=1500000&index_latest=1500060&output_mode=json&preview=false"));
  s.event_age_ms = 86'400'000;
  CHECK(has(form_of({1'500'000'000, 1'500'060'000}, s), "&earliest_time=1413600&"));
  s.content = Content::notable;
  CHECK(has(form_of({1'500'000'000, 1'500'060'000}, s), "%20fields%20%2a&"));
}

TEST_CASE("source_splunk answer: rows, blank lines, messages and previews; the last row ends it", "[source_splunk]") {
  CHECK(read(row(0) + row(1, kLast)).raws == std::vector<std::string>{"{\"n\":0}", "{\"n\":1}"});
  CHECK(read("\r\n" + row(0) + "\n \t\n" + row(1, kLast) + "\n").raws.size() == 2);
  CHECK(read(row(0, kLast).substr(0, row(0, kLast).size() - 1)).raws.size() == 1);  // no line feed at the end
  CHECK(read(R"({"preview":true,"offset":0,"lastrow":true,"result":{"x":1}})"
             "\n" +
             row(0, kLast))
            .raws == std::vector<std::string>{"{\"n\":0}"});
  CHECK(read(row(0, kLast) + kEmpty).raws.size() == 1);
  // A set may end in the middle of a stream; only the end counts.
  CHECK(read(row(0, kLast) + row(0, kLast)).raws.size() == 2);
  const auto warned = read(message("WARN", "the lookup x\x1b[2J is old") + message("INFO", "i") + row(0, kLast));
  CHECK(warned.raws.size() == 1);
  CHECK(warned.warnings == std::vector<std::string>{"WARN: the lookup x\\x1b[2J is old"});
}

TEST_CASE("source_splunk answer: nothing found is an answer of its own form, and no body is none", "[source_splunk]") {
  const auto empty = read(kEmpty);
  CHECK(empty.problem.empty());
  CHECK(empty.raws.empty());
  CHECK(has(read("").problem, "without a last row"));
  CHECK(has(read("\n\n").problem, "without a last row"));
  CHECK(has(read("{}").problem, "without a last row"));
  CHECK(has(read(R"({"preview":true,"lastrow":true})").problem, "without a last row"));
  CHECK(has(read(R"({"preview":false,"lastrow":"true"})").problem, "without a last row"));
}

TEST_CASE("source_splunk answer: no cut of it is taken for the whole", "[source_splunk]") {
  // Goal: wherever a stream breaks off, the slice is asked for again. Exact buffers, for the address sanitizer.
  const std::string body = message("INFO", "x") + row(0) + row(1) + row(2, kLast);
  const auto end = body.size() - 2;  // the last brace: after it only a line feed
  for (std::size_t size = 0; size <= end; ++size) {
    INFO(size);
    const auto cut = read(std::string(body.data(), size));
    CHECK(cut.status == SF_RETRY);
    CHECK(cut.raws.empty());
  }
  CHECK(read(body).raws.size() == 3);
}

TEST_CASE("source_splunk answer: an error in a 200 fails the slice, whatever rows came", "[source_splunk]") {
  for (const char* type : {"ERROR", "FATAL"}) {
    const auto failed = read(row(0) + message(type, "Error in 'IndexScopedSearch': gone") + row(1, kLast));
    CHECK(failed.status == SF_RETRY);
    CHECK(has(failed.problem,
              "failed while it searched (" + std::string(type) + ": Error in 'IndexScopedSearch': gone)"));
  }
  for (const char* text : {"Some search peers did not return results.", "Search auto-finalized after 300 s",
                           "Search results might be INCOMPLETE: the search process ended",
                           "Unable to distribute to peer named x because peer has status = \"Down\"."})
    for (const std::string type : {"WARN", "INFO", ""})
      CHECK(has(read(message(type, text) + row(0, kLast)).problem, "says that results are missing (" + type + ": "));
  CHECK(has(read(message("INFO", "Subsearch produced 12000 results, truncating to maxout 10000.") + kEmpty).problem,
            "says that results are missing"));
  CHECK(read(message("DEBUG", "search finalized") + row(0, kLast)).problem.empty());
  const auto moved = read(message("INFO", "Your timerange was substituted based on your search string") + kEmpty);
  CHECK(moved.act == Problem::Act::stop);
  CHECK(has(moved.problem, "used another time range"));
  CHECK(has(read(R"({"messages":"none","lastrow":true})").problem, "did not answer with JSON lines"));
}

TEST_CASE("source_splunk answer: a full quota is waited for, with whatever status and type it is told",
          "[source_splunk]") {
  const std::string text = "Search not executed: The maximum number of concurrent historical searches on this instance";
  for (const auto& told : {read(message("WARN", text)), read(message("FATAL", text), 503),
                           read(message("WARN", text), 400), read("<msg type=\"FATAL\">" + text + "</msg>", 400)}) {
    CHECK(told.act == Problem::Act::retry);
    CHECK(has(told.problem, "has no room for another search"));
  }
}

TEST_CASE("source_splunk answer: results that were not asked for, or do not say when they were indexed",
          "[source_splunk]") {
  const auto at = [](const std::string& time) {
    return read(R"({"preview":false,"lastrow":true,"result":{"_raw":"x","sf_indextime":)" + time + "}}");
  };
  CHECK(at("1000").problem.empty());
  CHECK(at("\"2000\"").problem.empty());  // index_latest may be inclusive
  CHECK(has(at("999").problem, "does not keep to the time of indexing"));
  CHECK(has(at("\"2001\"").problem, "does not keep to the time of indexing"));
  for (const char* none : {"null", "\"\"", "\"soon\"", "1500.5", "[\"1500\"]", "99999999999999999999"})
    CHECK(has(at(none).problem, "without their time of indexing"));
  CHECK(has(read(R"({"lastrow":true,"result":"x"})").problem, "a result that is no object"));
}

TEST_CASE("source_splunk answer: hostile JSON costs no stack, and a line that is none is said", "[source_splunk]") {
  const std::string deep = R"({"result":{"sf_indextime":1500,"a":)" + std::string(2'000'000, '[') +
                           std::string(2'000'000, ']') + R"(},"lastrow":true})";
  Answer answer;
  std::vector<std::string> warnings;
  CHECK_FALSE(read_answer({200, deep}, settings(), kSlice, answer, warnings));
  CHECK(answer.next()->result.size() > 4'000'000);
  CHECK(
      has(read("<html>\x1b[31mSign in</html>").problem, "with JSON lines but with \"<html>\\x1b[31mSign in</html>\""));
  CHECK(has(read("[" + row(0, kLast)).problem, "did not answer with JSON lines"));
  CHECK(has(read(row(0, kLast) + "{\"preview\":false").problem, "did not answer with JSON lines"));
  CHECK(has(read(R"({"messages":)" + std::string(100'000, '[')).problem, "did not answer with JSON lines"));
}

TEST_CASE("source_splunk cursor: what is no cursor of ours is said to be none", "[source_splunk]") {
  const auto cursor = [](const std::string& ms) {
    return R"({"v":1,"indexed_ms":)" + ms + R"(,"local_ms":0,"filter":""})";
  };
  CHECK_FALSE(from_position(""));
  CHECK(from_position(cursor("5000"))->indexed_ms == 5000);
  for (const char* ms : {"-9223372036854775808", "9223372036854775807", "18446744073709551615", "1000000000000001",
                         "1.5", "1e300", "\"1\""})
    CHECK_THROWS_AS(from_position(cursor(ms)), sf::Error);
  for (const char* text : {"{", "[]", "x", R"({"v":2})", R"({"v":1,"watermark_ms":1,"local_ms":0,"filter":""})"})
    CHECK_THROWS_AS(from_position(text), sf::Error);
}

TEST_CASE("source_splunk plan: whole seconds, behind the clock, back by the overlap", "[source_splunk]") {
  const auto s = settings();
  const std::int64_t now = 1'767'225'600'123;
  const auto first = plan(std::nullopt, s, now, now, "f");
  CHECK(first.to_ms == 1'767'225'570'000);
  CHECK(first.from_ms == first.to_ms - 86'400'000);
  const Cursor last{first.to_ms, now, "f"};
  const auto next = plan(last, s, now + 60'000, now + 60'000, "f");
  CHECK(next.from_ms == last.indexed_ms - 300'000);
  CHECK(next.to_ms == first.to_ms + 60'000);
  CHECK(next.warning.empty());
  CHECK(has(plan(last, s, now, now, "g").warning, "search or content changed"));
  CHECK(has(plan(last, s, now - 600'000, now - 600'000, "f").warning, "a clock was set back"));
  CHECK(plan(last, s, now - 600'000, now - 600'000, "f").from_ms < last.indexed_ms - 600'000);
}

TEST_CASE("source_splunk plan: slices follow each other without a gap to its end", "[source_splunk]") {
  Plan p;
  p.from_ms = 1000;
  p.to_ms = 10'000;
  std::int64_t at = p.from_ms;
  unsigned slices = 0;
  for (auto slice = slice_after(p, at, 4000); slice.from_ms < p.to_ms; slice = slice_after(p, at, 4000), ++slices) {
    CHECK(slice.from_ms == at);
    CHECK(slice.to_ms > slice.from_ms);
    at = slice.to_ms;
  }
  CHECK(at == p.to_ms);
  CHECK(slices == 3);
  CHECK(half({1000, 8000}).to_ms == 4000);
  CHECK(half({1000, 2000}).to_ms == 2000);
  CHECK(slice_after(p, 20'000, 1000).to_ms == 20'000);
}

TEST_CASE("source_splunk settings: what the schema cannot say", "[source_splunk]") {
  const auto said = [](nlohmann::json more) {
    nlohmann::json j = {{"url", "https://h:8089/"}, {"search", "index=w"}, {"token", "secret"}};
    j.merge_patch(more);
    try {
      return read_settings(j.dump()).where;
    } catch (const sf::Error& error) {
      return std::string(error.what());
    }
  };
  const nlohmann::json none;
  CHECK(said({{"x", 1}}) == "h:8089");
  CHECK(said({{"token", none}, {"user", "u"}, {"password", "secret"}}) == "h:8089");
  CHECK(has(said({{"token", none}}), "there are no credentials"));
  CHECK(has(said({{"user", "u"}}), "set token alone"));
  CHECK(has(said({{"token", none}, {"user", "u"}}), "no password"));
  CHECK(has(said({{"token", none}, {"password", "secret"}}), "no user"));
  CHECK(has(said({{"url", "splunk:8089"}}), "is no Splunk address"));
  CHECK(has(said({{"url", "https://u:p@h"}}), "must not hold a user or password"));
  CHECK_FALSE(has(said({{"url", "ftp://u:geheim@h"}}), "geheim"));
  CHECK(has(said({{"url", "https://h:8089/?x=1"}}), "without ? or #"));
  CHECK(has(said({{"window", 500}}), "whole seconds"));
  CHECK(has(said({{"client_cert", "/x"}}), "belong together"));
}
