// SPDX-License-Identifier: Apache-2.0
#include "answer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "../shared/json_slice.hpp"

namespace source_splunk {
namespace {

using Act = Problem::Act;
using shared::each_element;
using shared::each_member;

constexpr std::size_t kWarningsMax = 10;
constexpr std::size_t kMessageMax = 4096;  // of a message's text, so much is looked at

std::string who(const Settings& s) {
  return "Splunk at " + s.where;
}

// Does the text hold one of the phrases, in any case?
template <std::size_t N>
bool holds(std::string_view text, const std::array<std::string_view, N>& phrases) {
  std::string low(text.substr(0, kMessageMax));
  for (char& c : low)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return std::any_of(phrases.begin(), phrases.end(),
                     [&](std::string_view phrase) { return low.find(phrase) != std::string::npos; });
}

// "Search not executed: The maximum number of concurrent historical searches on this instance has been reached",
// "…role- based concurrency limit…", "…maximum disk usage quota…": seen as FATAL in a 503 and as WARN in a 200.
constexpr std::array<std::string_view, 4> kQuota = {"maximum number of concurrent", "concurrency limit",
                                                    "disk usage quota", "search not executed"};
// These mean that results are missing, though the stream goes on as if nothing were. Of which type such a message is
// differs by version and place: "[subsearch]: Subsearch produced 12000 results, truncating to maxout 10000." is INFO.
constexpr std::array<std::string_view, 8> kMissing = {"incomplete", "did not return", "unable to distribute",
                                                      "finalized",  "truncated",      "truncating",
                                                      "time limit", "not responding"};
constexpr std::array<std::string_view, 2> kSubstituted = {"timerange was substituted", "time range was substituted"};

struct Message {
  std::string type;
  std::string text;
};

// False: `messages` is no list of messages.
template <class Visit>
bool each_message(std::string_view messages, Visit&& visit) {
  bool objects = true;
  const bool list = each_element(messages, [&](std::string_view element) {
    Message message;
    objects = objects && each_member(element, [&](std::string_view key, std::string_view value) {
                if (key == "type") message.type = text_of(value).value_or("");
                if (key == "text") message.text = text_of(value).value_or("");
              });
    visit(message);
  });
  return list && objects;
}

// "type: text" of an error answer's first message, or the answer's beginning.
std::string told_in(const std::string& body) {
  std::string out;
  each_member(body, [&](std::string_view key, std::string_view value) {
    if (key != "messages") return;
    each_message(value, [&](const Message& m) {
      if (out.empty()) out = printable(m.type + ": " + m.text);
    });
  });
  if (!out.empty()) return out;
  const auto first = body.find_first_not_of(" \r\n\t");
  return first == std::string::npos ? "" : printable(std::string_view(body).substr(first), 100);
}

Problem at_limit(const Settings& s, const std::string& told) {
  return {Act::retry, SF_RETRY, who(s) + " has no room for another search (" + told + ")",
          "poll less often, or raise srchJobsQuota or srchDiskQuota of the role (docs/sources/splunk.md)"};
}

std::optional<Problem> judge(const Message& m, const Settings& s, std::vector<std::string>& warnings) {
  const auto told = printable(m.type + ": " + m.text);
  const bool error = m.type == "ERROR" || m.type == "FATAL";
  const bool warning = m.type == "WARN";
  if ((error || warning) && holds(m.text, kQuota)) return at_limit(s, told);
  if (error)
    return Problem{Act::retry, SF_RETRY, who(s) + " failed while it searched (" + told + ")",
                   "run the search in Splunk Web, and see its search.log"};
  if (m.type != "DEBUG" && holds(m.text, kMissing))
    return Problem{Act::retry, SF_RETRY, who(s) + " says that results are missing (" + told + ")",
                   "see the health of its indexers, and srchMaxTime of the role"};
  if (holds(m.text, kSubstituted))
    return Problem{Act::stop, SF_FAILED, who(s) + " used another time range than it was asked for (" + told + ")",
                   "take earliest and latest out of search, and out of the macros that it names"};
  if (warning && warnings.size() < kWarningsMax) warnings.push_back(told);
  return std::nullopt;
}

struct Line {
  bool object = false;
  bool preview = false;
  bool last = false;
  std::string_view result;
  std::string_view messages;
  bool data() const { return last || !result.empty(); }
};

Line read_line(std::string_view text) {
  Line line;
  line.object = each_member(text, [&](std::string_view key, std::string_view value) {
    if (key == "preview") line.preview = value == "true";
    if (key == "lastrow") line.last = value == "true";
    if (key == "result") line.result = value;
    if (key == "messages") line.messages = value;
  });
  return line;
}

// The next line that is not blank, or "" at the end.
std::string_view line_at(std::string_view body, std::size_t& at) {
  while (at < body.size()) {
    const auto end = std::min(body.find('\n', at), body.size());
    auto line = body.substr(at, end - at);
    at = std::min(end + 1, body.size());
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
    if (!line.empty()) return line;
  }
  return {};
}

std::optional<Row> row_of(std::string_view result) {
  Row row;
  row.result = result;
  const bool object = each_member(result, [&](std::string_view key, std::string_view value) {
    if (key == "_raw") row.raw = value;
    if (key == "index") row.index = value;
    if (key == "sf_cd") row.cd = value;
    if (key == "sf_bkt") row.bucket = value;
    if (key == "sf_indextime") row.index_time = value;
  });
  return object ? std::optional(row) : std::nullopt;
}

// Whole seconds, as a number or as text; nothing for anything else.
std::optional<std::int64_t> seconds_of(std::string_view json) {
  if (json.size() >= 2 && json.front() == '"') json = json.substr(1, json.size() - 2);
  std::int64_t out = 0;
  const auto* const end = json.data() + json.size();
  const auto read = std::from_chars(json.data(), end, out);
  return !json.empty() && read.ec == std::errc{} && read.ptr == end ? std::optional(out) : std::nullopt;
}

std::optional<Problem> check_row(std::string_view result, const Settings& s, const Slice& slice) {
  const auto row = row_of(result);
  if (!row)
    return Problem{Act::retry, SF_RETRY, who(s) + " gave a result that is no object",
                   "check that url is Splunk itself"};
  const auto at = seconds_of(row->index_time);
  if (!at)
    return Problem{Act::stop, SF_FAILED, who(s) + " gave results without their time of indexing (sf_indextime)",
                   "see whether search, or a macro that it names, removes fields or does not give events"};
  if (*at < slice.from_ms / 1000 || *at > slice.to_ms / 1000)
    return Problem{Act::stop, SF_FAILED, who(s) + " does not keep to the time of indexing that was asked for",
                   "see whether search, or a macro that it names, has a time range, or a proxy in between caches"};
  return std::nullopt;
}

Problem not_lines(const Settings& s, std::string_view line) {
  return {Act::retry, SF_RETRY, who(s) + " did not answer with JSON lines but with \"" + printable(line, 60) + "\"",
          "check that url is Splunk's management port, not Splunk Web, a login page or a proxy"};
}

}  // namespace

std::optional<std::string> text_of(std::string_view json) {
  if (json.size() < 2 || json.front() != '"') return std::nullopt;
  const auto j = nlohmann::json::parse(json, nullptr, false);
  return j.is_string() ? std::optional(j.get<std::string>()) : std::nullopt;
}

std::optional<Row> Answer::next() {
  if (!body_) return std::nullopt;
  for (;;) {
    const auto text = line_at(*body_, at_);
    if (text.empty()) return std::nullopt;
    const auto line = read_line(text);
    if (line.result.empty() || line.preview) continue;
    if (auto row = row_of(line.result)) return row;
  }
}

std::optional<Problem> refused(const Reply& reply, const Settings& s) {
  if (reply.status == 200) return std::nullopt;
  const auto text = told_in(reply.body);
  const auto told = [&](Act act, sf_status status, const std::string& what, const char* remedy) {
    const auto code = "(" + std::to_string(reply.status) + (text.empty() ? ")" : " " + text + ")");
    return Problem{act, status, who(s) + " " + what + " " + code, remedy};
  };
  if (reply.status == 401)
    return told(Act::stop, SF_DENIED, "refuses " + s.who() + (s.token ? "" : " or its password"),
                "correct it before the next run, since repeated tries can lock a user out; a token may have expired");
  if (reply.status == 403)
    return told(Act::stop, SF_DENIED, "does not let " + s.who() + " search",
                "give its role the capability search and the index (docs/sources/splunk.md)");
  if (reply.status >= 400 && holds(reply.body, kQuota)) return at_limit(s, std::to_string(reply.status) + " " + text);
  switch (reply.status) {
    case 400:
      return told(Act::stop, SF_FAILED, "refuses the search", "correct search; run it in Splunk Web to see why");
    case 404:
      return told(Act::stop, SF_FAILED, "knows no search there",
                  "correct url: it is the management port, 8089, of Splunk 9.0.1 or later, not Splunk Web's 8000");
    case 429:
      return told(Act::retry, SF_RETRY, "is overloaded and asked to wait", "poll less often, or raise window");
    case 500:
      return told(Act::retry_smaller, SF_RETRY, "failed", "see its splunkd.log");
    case 502:
      return told(Act::retry, SF_RETRY, "cannot be reached by the proxy before it", "see the proxy's log");
    case 503:
      return told(Act::retry, SF_RETRY, "is not ready", "see its splunkd.log");
    case 408:
    case 504:
      return told(Act::retry_smaller, SF_RETRY, "did not answer its proxy in time",
                  "lower window, or raise the proxy's timeout");
    default:
      break;
  }
  if (reply.status >= 300 && reply.status < 400)
    return told(Act::stop, SF_FAILED, "redirects instead of answering",
                "set url to Splunk's management port itself, not to a proxy or Splunk Web");
  return told(Act::stop, SF_FAILED, "gave an answer that is not understood",
              "check url, and the log of a proxy before it");
}

std::optional<Problem> read_answer(Reply reply, const Settings& s, const Slice& slice, Answer& answer,
                                   std::vector<std::string>& warnings) {
  if (auto problem = refused(reply, s)) return problem;
  answer = Answer(std::move(reply.body));
  std::optional<Problem> found;
  bool complete = false;
  std::size_t at = 0;
  for (auto text = line_at(answer.body(), at); !text.empty(); text = line_at(answer.body(), at)) {
    const auto line = read_line(text);
    // The end of a stream that was cut is no line either; what was told before it says more.
    if (!line.object) return found ? found : not_lines(s, text);
    if (!line.messages.empty() && !each_message(line.messages, [&](const Message& m) {
          if (!found) found = judge(m, s, warnings);
        }))
      return not_lines(s, text);
    if (!line.data()) continue;
    complete = line.last && !line.preview;
    if (!found && !line.result.empty() && !line.preview) found = check_row(line.result, s, slice);
  }
  if (found) return found;
  if (!complete)
    return Problem{Act::retry, SF_RETRY,
                   who(s) + " ended its answer without a last row, so that results may be missing",
                   "see its splunkd.log and that of a proxy before it; lower window if it lasts"};
  return std::nullopt;
}

}  // namespace source_splunk
