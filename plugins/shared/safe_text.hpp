// SPDX-License-Identifier: Apache-2.0
//
// safe_text.hpp - alert text made harmless for where it is written: JSON, Markdown, CSV. [any-thread]
//
// Alert text is an attacker's. In JSON nothing is lost: what a terminal or an editor would hide or obey (control
// characters, bidirectional overrides, invisible characters) is written as \uNNNN. In Markdown and CSV, which people
// read, it is shown as \xNN or \u{NNNN} and cut at a limit; the alert itself lies beside it, whole.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace shared {

constexpr std::size_t kShownMax = 300;  // bytes of one value in a document for people

struct Decoded {
  char32_t code = 0;
  std::size_t size = 1;
  bool valid = false;  // false: `code` is the byte itself, which is no UTF-8 here
};
// The character of UTF-8 text that begins at `at`.
inline Decoded decode(std::string_view text, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  if (first < 0x80) return {first, 1, true};
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || at + size > text.size()) return {first, 1, false};
  char32_t code = first & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(at + i) & 0xc0U) != 0x80) return {first, 1, false};
    code = (code << 6U) | (byte(at + i) & 0x3fU);
  }
  const bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  if (overlong || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {first, 1, false};
  return {code, size, true};
}

// Control characters, and what changes how text looks without being seen: bidirectional controls, zero-width and
// invisible characters, line separators, tags.
inline bool unseen(char32_t c) noexcept {
  const auto in = [c](char32_t from, char32_t to) { return c >= from && c <= to; };
  return c < 0x20 || in(0x7f, 0x9f) || c == 0xad || c == 0x34f || c == 0x61c || in(0x115f, 0x1160) ||
         in(0x17b4, 0x17b5) || in(0x180b, 0x180f) || in(0x200b, 0x200f) || in(0x2028, 0x202e) || in(0x2060, 0x206f) ||
         c == 0x3164 || in(0xfe00, 0xfe0f) || c == 0xfeff || c == 0xffa0 || in(0xfff0, 0xfffb) || in(0xe0000, 0xe0fff);
}

inline void append_hex(std::string& out, uint32_t value, int digits) {
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) out += "0123456789abcdef"[(value >> shift) & 15U];
}

inline void append_json_character(std::string& out, char32_t code) {
  switch (code) {
    case U'"':
      out += "\\\"";
      return;
    case U'\\':
      out += "\\\\";
      return;
    case U'\n':
      out += "\\n";
      return;
    case U'\t':
      out += "\\t";
      return;
    case U'\r':
      out += "\\r";
      return;
    default:
      break;
  }
  if (code > 0xffff) {
    out += "\\u";
    append_hex(out, 0xd800 + ((static_cast<uint32_t>(code) - 0x10000) >> 10U), 4);
    code = 0xdc00 + ((static_cast<uint32_t>(code) - 0x10000) & 0x3ffU);
  }
  out += "\\u";
  append_hex(out, static_cast<uint32_t>(code), 4);
}

// `text` as a JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD.
inline void append_json(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\') {
      ++at;
      continue;
    }
    const auto c = decode(text, at);
    if (!c.valid || unseen(c.code) || c.code < 0x80) {
      out.append(text, plain, at - plain);
      append_json_character(out, c.valid ? c.code : char32_t{0xfffd});
      plain = at + c.size;
    }
    at += c.size;
  }
  out.append(text, plain);
  out += '"';
}

// `json` as it is, but for unseen characters inside its strings, which become \uNNNN. It stays the same JSON value.
inline void append_json_value(std::string& out, std::string_view json) {
  for (std::size_t at = 0; at < json.size();) {
    const auto c = decode(json, at);
    if (c.valid && (c.code < 0x7f || !unseen(c.code)))
      out.append(json, at, c.size);
    else
      append_json_character(out, c.valid ? c.code : char32_t{0xfffd});
    at += c.size;
  }
}

// Appends `text` with what is unseen, and each ASCII character of `also`, as an escape that can be seen; at most
// about `limit` bytes, cut between characters. Returns the number of bytes that were left out.
inline std::size_t append_visible(std::string& out, std::string_view text, std::size_t limit, std::string_view also) {
  const std::size_t end = out.size() + limit;
  for (std::size_t at = 0; at < text.size();) {
    if (out.size() >= end) return text.size() - at;
    const auto c = decode(text, at);
    if (c.valid && c.code == U'\n') {
      out += "\\n";
    } else if (!c.valid || c.code < 0x20 || c.code == 0x7f ||
               (c.code < 0x80 && also.find(static_cast<char>(c.code)) != std::string_view::npos)) {
      out += "\\x";
      append_hex(out, static_cast<uint32_t>(c.code), 2);
    } else if (unseen(c.code)) {
      out += "\\u{";
      append_hex(out, static_cast<uint32_t>(c.code), c.code > 0xffff ? 6 : 4);
      out += '}';
    } else {
      out.append(text, at, c.size);
    }
    at += c.size;
  }
  return 0;
}

// Hostile text for a message: one line, nothing that a terminal obeys, about `limit` bytes at most.
inline std::string printable(std::string_view text, std::size_t limit = 160) {
  std::string out;
  if (append_visible(out, text, limit, "") != 0) out += "…";
  return out;
}

// Takes the life out of what a viewer might make a link of: "http://x" becomes "http[:]//x", "](" becomes "]\x28".
inline std::string defang(std::string text) {
  for (auto at = text.find("://"); at != std::string::npos; at = text.find("://", at + 5)) text.replace(at, 1, "[:]");
  for (auto at = text.find("]("); at != std::string::npos; at = text.find("](", at + 5))
    text.replace(at + 1, 1, "\\x28");
  return text;
}

// `text` as one Markdown code span that nothing can break out of: no markup, link, HTML or line break inside it
// works, rendered or not. "none" for empty text.
inline std::string code(std::string_view text, std::size_t limit = kShownMax) {
  if (text.empty()) return "none";
  std::string shown;
  const std::size_t left_out = append_visible(shown, text, limit, "`<|");
  shown = defang(std::move(shown));
  const bool padded = shown.front() == ' ' || shown.back() == ' ';
  std::string out = padded ? "` " + shown + " `" : "`" + shown + "`";
  if (left_out != 0) out += "… (" + std::to_string(left_out) + " more bytes)";
  return out;
}

// `text` as one cell of a CSV file (RFC 4180), always quoted, in one line. A cell that a spreadsheet would take for a
// formula begins with an apostrophe.
inline std::string csv_cell(std::string_view text, std::size_t limit = kShownMax) {
  std::string shown;
  const std::size_t left_out = append_visible(shown, text, limit, "");
  if (left_out != 0) shown += "… (" + std::to_string(left_out) + " more bytes)";
  const auto first = shown.find_first_not_of(' ');
  std::string out = "\"";
  if (first != std::string::npos && std::string_view("=+-@|%").find(shown[first]) != std::string_view::npos)
    out += '\'';
  for (const char c : shown) {
    if (c == '"') out += '"';
    out += c;
  }
  return out += '"';
}

}  // namespace shared
