// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"

#include <random>
#include <string>
#include <vector>

#include "support/catch.h"

using signalfoundry::markdown;
using signalfoundry::printable;
using signalfoundry::suggest;
using signalfoundry::valid_utf8;

// Goal: exactly RFC 3629 is UTF-8; a decoder that takes more lets one text have two spellings.
TEST_CASE("valid_utf8: the first and last code point of every length") {
  for (const char* text : {"", "a", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                           "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "grüße 日本語 🔥"})
    CHECK(valid_utf8(text));
  CHECK(valid_utf8(std::string("a\0b", 3)));
}

TEST_CASE("valid_utf8: overlong forms, surrogates, too large and cut sequences are not") {
  for (const char* text : {"\x80",
                           "\xBF",
                           "\xC0\x80",
                           "\xC0\xAF",
                           "\xC1\xBF",
                           "\xE0\x80\x80",
                           "\xE0\x9F\xBF",
                           "\xED\xA0\x80",
                           "\xED\xBF\xBF",
                           "\xF0\x80\x80\x80",
                           "\xF0\x8F\xBF\xBF",
                           "\xF4\x90\x80\x80",
                           "\xF5\x80\x80\x80",
                           "\xF8\x88\x80\x80\x80",
                           "\xFE",
                           "\xFF",
                           "\xC2",
                           "\xE2\x82",
                           "\xF0\x9F\x94",
                           "\xC2 ",
                           "\xE2\x82 ",
                           "\xE2(\xA1",
                           "12345678\xFF",
                           "1234567\xC2",
                           "\xC2\x80\x80"}) {
    INFO(printable(text));
    CHECK_FALSE(valid_utf8(text));
  }
}

TEST_CASE("valid_utf8: a bad byte is found wherever it stands") {
  for (std::size_t at = 0; at < 40; ++at) {
    std::string text(40, 'x');
    text[at] = '\xFF';
    CHECK_FALSE(valid_utf8(text));
  }
}

// Goal: nothing that a terminal acts on, and nothing that hides or reorders text, reaches the terminal.
TEST_CASE("printable: control characters, DEL and bytes that are not UTF-8 become \\xNN") {
  CHECK(printable(std::string("a\0b", 3)) == "a\\x00b");
  CHECK(printable("\x1B[31mred\x1B[0m") == "\\x1B[31mred\\x1B[0m");
  CHECK(printable("a\nb\r\tc") == "a\\x0Ab\\x0D\\x09c");
  CHECK(printable("\x7F") == "\\x7F");
  CHECK(printable("\xFF\xC0\xAF") == "\\xFF\\xC0\\xAF");
  CHECK(printable("\xED\xA0\x80") == "\\xED\\xA0\\x80");
  CHECK(printable("ok\xE2\x82") == "ok\\xE2\\x82");
}

TEST_CASE("printable: C1, bidirectional and invisible characters become \\u{NNNN}") {
  CHECK(printable("\xC2\x85\xC2\x9B") == "\\u{0085}\\u{009B}");
  CHECK(printable("a\u202Eb\u2066c\u200Ed") == "a\\u{202E}b\\u{2066}c\\u{200E}d");
  CHECK(printable("\u2028\u2029\uFEFF\u200B\u00AD") == "\\u{2028}\\u{2029}\\u{FEFF}\\u{200B}\\u{00AD}");
  CHECK(printable("\U000E0041") == "\\u{E0041}");
}

TEST_CASE("printable: everything else stays") {
  CHECK(printable("") == "");
  CHECK(printable("C:\\Windows \"x\" ~ %s") == "C:\\Windows \"x\" ~ %s");
  CHECK(printable("grüße 日本語 🔥\u00A0") == "grüße 日本語 🔥\u00A0");
}

TEST_CASE("printable: what is longer than the limit is cut between characters and marked") {
  CHECK(printable("abcdef", 6) == "abcdef");
  CHECK(printable("abcdefg", 6) == "abcdef…");
  CHECK(printable("abcdeü", 6) == "abcde…");
  CHECK(printable("abc\n", 6) == "abc…");
  CHECK(printable("ab\n", 6) == "ab\\x0A");
  CHECK(printable("x", 0) == "…");
  CHECK(printable(std::string(1'000'000, '\n')).size() == 200 + std::string("…").size());
}

// Goal: whatever the bytes, the outcome is valid UTF-8, without a control character and within its limit.
TEST_CASE("printable: random bytes never come through as they are") {
  std::mt19937 random(20240918);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(random() % 40, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    const auto text = printable(bytes, 50);
    bool control = false;
    for (const char c : text) control = control || (c >= 0 && c < 0x20) || c == 0x7F;
    if (!valid_utf8(text) || control || text.size() > 53) FAIL(text);
    if (!valid_utf8(markdown(bytes, 50))) FAIL(text);
  }
}

// Goal: alert text in a case's summary is read as text: no markup, no link, no HTML, no table cell.
TEST_CASE("markdown: markup is escaped") {
  CHECK(markdown("plain text (10.0.0.1): a-b = c + d?") == "plain text (10.0.0.1): a-b = c + d?");
  CHECK(markdown("*b* _i_ `c`") == "\\*b\\* \\_i\\_ \\`c\\`");
  CHECK(markdown("<script>&amp;") == "\\<script\\>\\&amp;");
  CHECK(markdown("![x](http://evil)") == "\\!\\[x\\](http\\://evil)");
  CHECK(markdown("www.evil.example") == "www\\.evil.example");
  CHECK(markdown("a | b") == "a \\| b");
  CHECK(markdown("C:\\x") == "C\\:\\\\x");
  CHECK(markdown("x\ny") == "x\\\\x0Ay");
}

TEST_CASE("markdown: text does not become a heading, list, rule or code block") {
  CHECK(markdown("# h") == "\\# h");
  CHECK(markdown("- x") == "\\- x");
  CHECK(markdown("+ x") == "\\+ x");
  CHECK(markdown("=== ") == "\\=== ");
  CHECK(markdown("1. x") == "1\\. x");
  CHECK(markdown("12) x") == "12\\) x");
  CHECK(markdown("    code") == "&#32;   code");
  CHECK(markdown("") == "");
}

TEST_CASE("suggest: the nearest candidate, swaps counted once") {
  const std::vector<std::string> keys{"retries", "retry_after", "url", "user", "page_size"};
  CHECK(suggest("retires", keys) == "retries");
  CHECK(suggest("retrise", keys) == "retries");
  CHECK(suggest("ulr", keys) == "url");
  CHECK(suggest("usr", keys) == "user");
  CHECK(suggest("pagesize", keys) == "page_size");
  CHECK(suggest("page-size", keys) == "page_size");
  CHECK(suggest("url", keys) == "url");
}

TEST_CASE("suggest: nothing when no candidate is near") {
  const std::vector<std::string> keys{"retries", "url"};
  CHECK(suggest("password", keys) == "");
  CHECK(suggest("ab", keys) == "");
  CHECK(suggest("", keys) == "");
  CHECK(suggest("url", {}) == "");
  CHECK(suggest("url", {""}) == "");
  CHECK(suggest(std::string(1'000'000, 'u'), keys) == "");
  CHECK(suggest("retries", {std::string(1'000'000, 'r')}) == "");
}
