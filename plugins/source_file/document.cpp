// SPDX-License-Identifier: Apache-2.0
#include "document.hpp"

#include <nlohmann/json.hpp>

#include "../shared/safe_text.hpp"

namespace source_file {

namespace {

constexpr std::string_view kSpace = " \t\r\n";

// Walks over JSON without building it. Every step answers false when the text ends or is broken.
class Walker {
 public:
  explicit Walker(std::string_view text) : text_(text) {}

  std::size_t at() const { return at_; }
  std::string_view from(std::size_t begin) const { return text_.substr(begin, at_ - begin); }
  void space() { at_ = std::min(text_.find_first_not_of(kSpace, at_), text_.size()); }
  bool ended() const { return at_ >= text_.size(); }
  bool take(char c) {
    if (ended() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool string() {
    if (!take('"')) return false;
    for (; !ended(); ++at_) {
      if (text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == '"') {
        ++at_;
        return true;
      }
    }
    return false;
  }
  bool value() {
    if (ended()) return false;
    const char first = text_[at_];
    if (first == '"') return string();
    if (first == '{' || first == '[') return nested();
    const auto begin = at_;
    at_ = std::min(text_.find_first_of(" \t\r\n,]}", at_), text_.size());
    return at_ != begin;
  }

 private:
  // To the bracket that closes the one it stands at. Whether brackets match in kind is the host's parser's to say.
  bool nested() {
    std::size_t depth = 0;
    while (!ended()) {
      switch (text_[at_]) {
        case '"':
          if (!string()) return false;
          continue;
        case '{':
        case '[':
          ++depth;
          break;
        case '}':
        case ']':
          --depth;
          break;
        default:
          break;
      }
      ++at_;
      if (depth == 0) return true;
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

struct Members {
  std::string_view source;
  std::string_view index;
  std::string_view id;
};

// The members that make a hit, of an object and nothing after it. Of equal names the last counts, as in most parsers.
bool read_members(Walker& walker, Members& members) {
  walker.space();
  if (!walker.take('{')) return false;
  walker.space();
  if (walker.take('}')) return true;
  do {
    walker.space();
    const auto key_at = walker.at();
    if (!walker.string()) return false;
    const auto key = walker.from(key_at);
    walker.space();
    if (!walker.take(':')) return false;
    walker.space();
    const auto value_at = walker.at();
    if (!walker.value()) return false;
    if (key == "\"_source\"") members.source = walker.from(value_at);
    if (key == "\"_index\"") members.index = walker.from(value_at);
    if (key == "\"_id\"") members.id = walker.from(value_at);
    walker.space();
  } while (walker.take(','));
  return walker.take('}');
}

bool starts(std::string_view text, char c) {
  return !text.empty() && text.front() == c;
}

}  // namespace

std::optional<Document> find_document(std::string_view text) {
  Walker walker(text);
  Members members;
  if (!read_members(walker, members)) return std::nullopt;
  walker.space();
  if (!walker.ended()) return std::nullopt;
  const bool hit = starts(members.source, '{') && (starts(members.index, '"') || starts(members.id, '"'));
  if (!hit) return Document{text, ""};
  if (!starts(members.id, '"')) return Document{members.source, ""};
  const auto id = nlohmann::json::parse(members.id, nullptr, false);
  if (!id.is_string()) return std::nullopt;
  return Document{members.source, id.get<std::string>()};
}

std::string why_no_object(std::string_view text) {
  try {
    // Throws what is wrong and keeps nothing of what is right.
    const auto drop = [](int, nlohmann::json::parse_event_t, nlohmann::json&) { return false; };
    [[maybe_unused]] const auto nothing = nlohmann::json::parse(text.begin(), text.end(), drop);
  } catch (const nlohmann::json::exception& error) {
    std::string_view what = error.what();
    const auto place = what.find("column ");
    const auto detail = what.find(": ", place == std::string_view::npos ? 0 : place);
    if (detail != std::string_view::npos) what.remove_prefix(detail + 2);
    return "not JSON: " + printable(what);
  }
  return starts(trimmed(text), '{') ? "" : "JSON, but not an object";
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string_view without_mark(std::string_view text) {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  return text.starts_with(kMark) ? text.substr(kMark.size()) : text;
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  if (shared::append_visible(out, text, limit, "") != 0) out += "…";
  return out;
}

}  // namespace source_file
