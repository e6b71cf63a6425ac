// SPDX-License-Identifier: Apache-2.0
//
// Goal: a file that comes in chunks of any size gives its lines, each once and in order; in each line the alert is
// found where a JSON parser finds it, or there is a reason. Input: the size of a chunk in the first byte, then the
// file.
#include "document.hpp"
#include "line_buffer.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <vector>

#include "fuzz.hpp"

using namespace source_file;
using fuzz::hold;
using Json = nlohmann::json;

namespace {

// NUL bytes before a line are a hole in the file.
std::string_view without_nuls(std::string_view line) {
  return line.substr(std::min(line.find_first_not_of('\0'), line.size()));
}

std::vector<std::string> split(std::string_view file) {
  std::vector<std::string> out;
  for (auto feed = file.find('\n'); feed != std::string_view::npos; feed = file.find('\n')) {
    out.emplace_back(without_nuls(file.substr(0, feed)));
    file.remove_prefix(feed + 1);
  }
  if (!without_nuls(file).empty()) out.emplace_back(without_nuls(file));
  return out;
}

std::vector<std::string> in_chunks(std::string_view file, std::size_t chunk) {
  std::vector<std::string> out;
  LineBuffer lines([](std::string_view) { return std::string(); });  // none is that long
  lines.reset(7);
  const auto take = [&](const LineBuffer::Line& line) {
    hold(line.whole && line.begin == lines.consumed() && line.begin < line.next);
    out.emplace_back(line.text);
    lines.consume(line);
    hold(lines.consumed() == line.next);
  };
  for (std::size_t at = 0; at < file.size(); at += chunk) {
    hold(lines.wants() == 7 + at);
    lines.append(file.substr(at, chunk));
    while (const auto line = lines.next()) {
      hold(lines.next()->text == line->text);
      take(*line);
    }
  }
  const auto rest = lines.rest();
  if (rest) hold(rest->next == 7 + file.size() && rest->begin >= lines.consumed());
  if (rest) out.emplace_back(rest->text);
  return out;
}

// The last one counts where a name is there twice, in the parser as in find_document().
void check_line(std::string_view text) {
  text = trimmed(without_mark(text));
  const auto document = find_document(text);
  const auto reason = why_no_object(text);
  hold(reason.empty() || fuzz::sentence(reason, 400));
  const Json json = Json::parse(text, nullptr, false);
  hold(json.is_object() == reason.empty());
  if (!document) return;
  hold(document->alert.data() >= text.data() && document->alert.size() <= text.size());
  if (!json.is_object()) return;
  const bool plain = text.find('\\') == std::string_view::npos;
  const auto source = json.find("_source");
  const bool hit = source != json.end() && source->is_object() &&
                   (json.value("_index", Json()).is_string() || json.value("_id", Json()).is_string());
  if (plain) hold(Json::parse(document->alert) == (hit ? *source : json));
  if (plain && hit && json.value("_id", Json()).is_string()) hold(document->id == json.at("_id"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto file = fuzz::text_of(data, size).substr(1);
  const auto lines = split(file);
  hold(in_chunks(file, 1 + data[0]) == lines);
  for (const auto& line : lines) check_line(line);
  return 0;
}
