// SPDX-License-Identifier: Apache-2.0
//
// Goal: whatever answers in Splunk's place, the answer is a whole slice or a sentence; a whole one ends with a last
// row, tells of no error, and gives what a JSON parser finds in it, byte for byte; the operator's SPL never breaks out
// of its place. Input: the HTTP status in the first line, the operator's search in the second, the body in the others.
#include <signalfoundry/error.hpp>

#include <nlohmann/json.hpp>

#include <charconv>
#include <vector>

#include "answer.hpp"
#include "fuzz.hpp"
#include "search_text.hpp"

using namespace source_splunk;
using fuzz::hold;
using Json = nlohmann::json;

namespace {

constexpr Slice kSlice{1'000'000'000, 2'000'000'000};

Settings make_settings() {
  Settings out;
  out.url = "https://127.0.0.1:8089";
  out.where = "127.0.0.1:8089";
  out.search = "index=wazuh";
  out.token = true;
  return out;
}

void check_problem(const Problem& problem) {
  hold(fuzz::sentence(problem.what, 1000) && fuzz::sentence(problem.remedy, 300) && problem.status < 0);
}

// The lines as an independent reading finds them; nothing where it finds none of its own: names that are escaped are
// compared as they are written, so bodies with any are left out, as are those whose text a strict parser refuses.
std::vector<Json> lines_of(std::string_view body) {
  std::vector<Json> out;
  if (body.find('\\') != std::string_view::npos) return out;
  while (!body.empty()) {
    const auto [line, rest] = fuzz::cut(body, "\n");
    body = rest;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    out.push_back(Json::parse(line, nullptr, false));
    if (!out.back().is_object()) return {};
  }
  return out;
}

void compare(const Answer& answer, const std::vector<Row>& rows) {
  std::vector<Json> results;
  bool last = false;
  const auto lines = lines_of(answer.body());
  for (const auto& line : lines) {
    const bool preview = line.value("preview", Json()) == true;
    const bool marked = line.value("lastrow", Json()) == true;
    if (marked || line.contains("result")) last = marked && !preview;
    if (line.contains("result") && !preview) results.push_back(line["result"]);
    for (const auto& message : line.value("messages", Json::array()))
      hold(message.value("type", Json()) != "ERROR" && message.value("type", Json()) != "FATAL");
  }
  if (lines.empty()) return;
  hold(last && results.size() == rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) hold(Json::parse(rows[i].result) == results[i]);
}

void check_answer(Answer& answer) {
  const auto within = [&](std::string_view part) {
    return part.empty() || (part.data() >= answer.body().data() &&
                            part.data() + part.size() <= answer.body().data() + answer.body().size());
  };
  std::vector<Row> rows;
  while (const auto row = answer.next()) {
    hold(within(row->result) && within(row->raw) && within(row->index) && within(row->cd) && within(row->bucket));
    hold(row->result.front() == '{' && row->result.back() == '}' && !row->index_time.empty());
    if (const auto text = text_of(row->raw)) hold(text->size() <= row->raw.size());
    rows.push_back(*row);
  }
  compare(answer, rows);
}

void check_search(std::string_view text) {
  Settings settings = make_settings();
  try {
    settings.search = checked_search(text);
  } catch (const sf::Error& error) {
    hold(fuzz::sentence(error.what(), 500));
    return;
  }
  hold(!settings.search.empty() && checked_search("search " + settings.search) == settings.search);
  // A form of the names that are ours, whatever the operator wrote: no & or = of his is one.
  const auto form = form_of(kSlice, settings);
  std::size_t fields = 1;
  for (const char c : form) {
    hold(c > ' ' && c < 0x7f);
    fields += c == '&' ? 1 : 0;
  }
  hold(fields == 9 && form.rfind("search=search%20", 0) == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Settings settings = make_settings();
  const auto [head, rest] = fuzz::cut(fuzz::text_of(data, size), "\n");
  const auto [search, body] = fuzz::cut(rest, "\n");
  unsigned status = 200;
  std::from_chars(head.data(), head.data() + head.size(), status);
  check_search(search);
  Answer answer;
  std::vector<std::string> warnings;
  const auto problem = read_answer({status, std::string(body)}, settings, kSlice, answer, warnings);
  hold(warnings.size() <= 10);
  for (const auto& warning : warnings) hold(fuzz::sentence(warning, 400));
  if (problem) {
    check_problem(*problem);
    return 0;
  }
  hold(status == 200);
  check_answer(answer);
  return 0;
}
