// SPDX-License-Identifier: Apache-2.0
//
// Goal: whatever an alert says, the JSON, Markdown and CSV that hold it stay what they are, and nothing is hidden in
// them.
#include "../../../../plugins/shared/safe_text.hpp"

#include <nlohmann/json.hpp>
#include <random>

#include "../../../../plugins/shared/json_text.hpp"
#include "support/catch.h"

namespace {

std::string json_of(std::string_view text) {
  std::string out;
  shared::append_json(out, text);
  return out;
}

std::string visible(std::string_view text, std::size_t limit = 1000, std::string_view also = "") {
  std::string out;
  shared::append_visible(out, text, limit, also);
  return out;
}

std::string utf8(char32_t c) {
  std::string out;
  const auto add = [&](char32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    add(c);
  } else if (c < 0x800) {
    add(0xc0 | c >> 6U);
    add(0x80 | (c & 0x3fU));
  } else if (c < 0x10000) {
    add(0xe0 | c >> 12U);
    add(0x80 | (c >> 6U & 0x3fU));
    add(0x80 | (c & 0x3fU));
  } else {
    add(0xf0 | c >> 18U);
    add(0x80 | (c >> 12U & 0x3fU));
    add(0x80 | (c >> 6U & 0x3fU));
    add(0x80 | (c & 0x3fU));
  }
  return out;
}

}  // namespace

TEST_CASE("safe text: every character comes back from JSON as it was", "[shared]") {
  for (char32_t c = 0; c <= 0x10ffff; c += c < 0x3000 ? 1 : 97) {
    if (c >= 0xd800 && c <= 0xdfff) continue;
    const auto text = "a" + utf8(c) + "b";
    const auto back = nlohmann::json::parse(json_of(text), nullptr, false);
    if (!back.is_string() || back.get<std::string>() != text) FAIL("character " << static_cast<unsigned>(c));
  }
}

TEST_CASE("safe text: random bytes become valid JSON, with U+FFFD for what is no UTF-8", "[shared]") {
  std::mt19937 random(7);
  for (int i = 0; i < 5000; ++i) {
    std::string text(random() % 40, 'x');
    for (auto& c : text) c = static_cast<char>(random());
    CHECK(nlohmann::json::parse(json_of(text), nullptr, false).is_string());
    CHECK(json_of(visible(text)).find_first_of(std::string_view("\0\n\x1b\x7f", 4)) == std::string::npos);
  }
  CHECK(json_of("a\xc0\xaf\xff") == R"("a\ufffd\ufffd\ufffd")");
  CHECK(json_of("\xed\xa0\x80") == R"("\ufffd\ufffd\ufffd")");  // a surrogate in UTF-8
}

TEST_CASE("safe text: JSON shows what a terminal or an editor would hide or obey", "[shared]") {
  CHECK(json_of("\x1b[31m\x7f") == R"("\u001b[31m\u007f")");
  CHECK(json_of(utf8(0x202e) + "gpj" + utf8(0x200b) + utf8(0x9b)) == R"("\u202egpj\u200b\u009b")");
  CHECK(json_of(utf8(0xe0041)) == R"("\udb40\udc41")");
  CHECK(json_of("Köln 東京 😀 \"x\" C:\\") == R"("Köln 東京 😀 \"x\" C:\\")");
}

TEST_CASE("safe text: JSON that is copied keeps its value and hides nothing", "[shared]") {
  const std::string json = R"([{"why":")" + utf8(0x202e) + R"(evil\n"}, 1.50, "é"])";
  std::string out;
  shared::append_json_value(out, json);
  CHECK(out == R"([{"why":"\u202eevil\n"}, 1.50, "é"])");
  CHECK(nlohmann::json::parse(out) == nlohmann::json::parse(json));
}

TEST_CASE("safe text: a code span is one line that nothing breaks out of", "[shared]") {
  const std::vector<std::string> hostile{"`](http://evil.example)",
                                         "```\n# title",
                                         "<script>alert(1)</script>",
                                         "a | b",
                                         "[x](javascript:alert(1))",
                                         "![i](https://evil.example/p.png)",
                                         "line\r\nline",
                                         utf8(0x202e) + "txt.exe",
                                         utf8(0x2028) + "x",
                                         "``",
                                         " ` ",
                                         "&lt;b&gt;"};
  for (const auto& text : hostile) {
    const auto out = shared::code(text);
    INFO(out);
    CHECK(out.front() == '`');
    CHECK(out.back() == '`');
    CHECK(std::count(out.begin(), out.end(), '`') == 2);
    CHECK(out.find_first_of("\r\n<|") == std::string::npos);
    CHECK(out.find("](") == std::string::npos);
    CHECK(out.find("://") == std::string::npos);
    CHECK(out.find("\xe2\x80") == std::string::npos);
  }
  CHECK(shared::code("C:\\Windows\\svchost.exe -k *_x*") == "`C:\\Windows\\svchost.exe -k *_x*`");
  CHECK(shared::code("") == "none");
  CHECK(shared::code("   ") == "`     `");
  CHECK(shared::code("a\nb\x01") == "`a\\nb\\x01`");
}

TEST_CASE("safe text: long text is cut between characters, and the cut is told", "[shared]") {
  const std::string text(200'000, 'x');
  CHECK(shared::code(text, 10) == "`xxxxxxxxxx`… (199990 more bytes)");
  CHECK(shared::code("ééééé", 4) == "`éé`… (6 more bytes)");
  CHECK(shared::code("ééééé", 3) == "`éé`… (6 more bytes)");
  CHECK(shared::csv_cell(text, 5) == "\"xxxxx… (199995 more bytes)\"");
}

TEST_CASE("safe text: a CSV cell is one quoted cell in one line and never a formula", "[shared]") {
  CHECK(shared::csv_cell("plain") == "\"plain\"");
  CHECK(shared::csv_cell("a\",\"b") == "\"a\"\",\"\"b\"");
  CHECK(shared::csv_cell("a\r\n=cmd") == "\"a\\x0d\\n=cmd\"");
  for (const char* formula : {"=1+1", "+1", "-1", "@SUM(A1)", "  =cmd|' /C calc'!A0", "\t=1", "|x", "%0a"}) {
    const auto out = shared::csv_cell(formula);
    INFO(out);
    CHECK((out.starts_with("\"'") || out.starts_with("\"\\x")));
  }
}

TEST_CASE("JSON text: writes nested objects and arrays with the right commas", "[shared]") {
  using shared::JsonText;
  JsonText json(JsonText::Layout::compact);
  json.begin('{').key("a").begin('[').text("x").number(-5).raw("null").begin('{').end('}').end(']');
  json.key("b").maybe(std::optional<std::string_view>()).key("c").maybe(std::optional<int64_t>(7)).end('}');
  CHECK(json.take() == R"({"a":["x",-5,null,{}],"b":null,"c":7})");
  JsonText lines(JsonText::Layout::lines);
  lines.begin('{').key("a").begin('{').key("b").number(1).key("c").number(2).end('}').key("d").text("e").end('}');
  CHECK(lines.take() == "{\n  \"a\": {\"b\":1,\"c\":2},\n  \"d\": \"e\"\n}");
}
