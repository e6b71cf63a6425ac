// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace signalfoundry {

namespace {

struct CodePoint {
  char32_t value = 0;
  std::size_t size = 0;  // 0: the byte is not the start of valid UTF-8
};

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
CodePoint decode(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(at);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  if (size == 0 || text.size() - at < size) return {};
  char32_t value = lead & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(at + i) & 0xC0U) != 0x80U) return {};
    value = (value << 6U) | (byte(at + i) & 0x3FU);
  }
  if (size == 3 && (value < 0x800 || (value >= 0xD800 && value <= 0xDFFF))) return {};
  if (size == 4 && (value < 0x10000 || value > 0x10FFFF)) return {};
  return {value, size};
}

// Changes the order or the meaning of what stands around it, or is not seen at all.
bool is_deceptive(char32_t c) {
  return c == 0x00AD || c == 0x061C || c == 0x180E || (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0xE0000 && c <= 0xE0FFF);
}

constexpr char kHex[] = "0123456789ABCDEF";

void append_byte_escape(std::string& out, char byte) {
  const auto value = static_cast<std::uint8_t>(byte);
  out += "\\x";
  out += kHex[value >> 4U];
  out += kHex[value & 15U];
}

void append_code_point_escape(std::string& out, char32_t value) {
  int width = 4;
  while (width < 6 && (value >> (4U * static_cast<unsigned>(width))) != 0) ++width;
  out += "\\u{";
  for (int i = width - 1; i >= 0; --i) out += kHex[(value >> (4U * static_cast<unsigned>(i))) & 15U];
  out += '}';
}

bool plain_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

bool starts_list_or_rule(std::string_view text) {
  if (text.empty()) return false;
  if (text[0] == '+' || text[0] == '-' || text[0] == '=') return true;
  const auto digits = text.find_first_not_of("0123456789");
  return digits != 0 && digits != std::string_view::npos && (text[digits] == '.' || text[digits] == ')');
}

// Optimal string alignment: insertions, deletions, changes, and swaps of two neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> previous(b.size() + 1);
  std::vector<std::size_t> current(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        current[j] = std::min(current[j], before[j - 2] + 1);
    }
    std::swap(before, previous);
    std::swap(previous, current);
  }
  return previous[b.size()];
}

}  // namespace

std::string printable(std::string_view text, std::size_t limit) {
  if (text.size() <= limit && plain_ascii(text)) return std::string(text);
  std::string out;
  std::string piece;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = decode(text, at);
    const std::size_t size = c.size == 0 ? 1 : c.size;
    piece.clear();
    if (c.size == 0 || c.value < 0x20 || c.value == 0x7F)
      append_byte_escape(piece, text[at]);
    else if ((c.value >= 0x80 && c.value <= 0x9F) || is_deceptive(c.value))
      append_code_point_escape(piece, c.value);
    else
      piece = text.substr(at, size);
    if (out.size() + piece.size() > limit) return out + "…";
    out += piece;
    at += size;
  }
  return out;
}

std::string markdown(std::string_view text, std::size_t limit) {
  const std::string clean = printable(text, limit);
  std::string out;
  out.reserve(clean.size() + 16);
  std::size_t at = 0;
  if (!clean.empty() && clean[0] == ' ') {
    out = "&#32;";
    at = 1;
  } else if (starts_list_or_rule(clean)) {
    const auto mark = clean.find_first_not_of("0123456789");
    out = clean.substr(0, mark) + '\\' + clean[mark];
    at = mark + 1;
  }
  for (; at < clean.size(); ++at) {
    const char c = clean[at];
    const bool www = c == '.' && at != 0 && (clean[at - 1] == 'w' || clean[at - 1] == 'W');
    const bool scheme = c == ':' && at + 1 < clean.size() && clean[at + 1] != ' ';
    if (www || scheme || std::strchr("\\`*_[]{}<>#&|~!@$", c) != nullptr) out += '\\';
    out += c;
  }
  return out;
}

bool valid_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    while (text.size() - at >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + at, 8);
      if ((word & 0x8080808080808080U) != 0) break;
      at += 8;
    }
    if (at == text.size()) break;
    const std::size_t size = decode(text, at).size;
    if (size == 0) return false;
    at += size;
  }
  return true;
}

std::string suggest(std::string_view word, const std::vector<std::string>& candidates) {
  static constexpr std::size_t kLongest = 64;
  if (word.size() > kLongest) return {};
  std::size_t best = word.size() / 3 + 1;
  const std::string* nearest = nullptr;
  for (const auto& candidate : candidates) {
    if (candidate.size() > kLongest + kLongest / 2 || candidate.empty()) continue;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance >= best) continue;
    best = distance;
    nearest = &candidate;
  }
  return nearest == nullptr ? std::string() : *nearest;
}

}  // namespace signalfoundry
