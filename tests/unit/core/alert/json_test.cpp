// SPDX-License-Identifier: Apache-2.0
//
// Goal: nothing that an attacker can write into an alert crashes or hangs the parser, or means two things; what is
// refused is refused in one printable sentence.
#include "alert/json.hpp"

#include "support/catch.h"

using signalfoundry::Json;
using signalfoundry::json_quote;
using signalfoundry::kJsonDepthMax;
using signalfoundry::parse_json;
using signalfoundry::Rejected;
using signalfoundry::scalar_text;

namespace {

// Why `bytes` are refused; "" when they are not.
std::string reason(std::string_view bytes) {
  try {
    parse_json(bytes);
    return "";
  } catch (const Rejected& e) {
    return e.what();
  }
}

std::string nested(std::size_t depth, char open = '[', char close = ']') {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += open == '[' ? "[" : "{\"a\":";
  text += "1";
  return text.append(depth, close);
}

}  // namespace

TEST_CASE("json: a document comes out as it went in") {
  const std::string text = R"({"a":[1,-2,3.5,true,false,null,"x"],"b":{"c":[]},"d":{},"e":""})";
  CHECK(parse_json(text).dump() == text);
  CHECK(parse_json(" \t\r\n" + text + " \t\r\n").dump() == text);
  CHECK(parse_json("7") == Json(7));
}

TEST_CASE("json: values land in their own container, however containers follow each other") {
  const std::string text = R"({"a":[[1],{"b":[2,{"c":3}],"d":4},5],"e":{"f":[],"g":[6]},"h":7})";
  CHECK(parse_json(text).dump() == text);
}

TEST_CASE("json: 64 levels are read, 65 are refused, of arrays, objects and both") {
  for (const char open : {'[', '{'}) {
    const char close = open == '[' ? ']' : '}';
    CHECK(reason(nested(kJsonDepthMax, open, close)) == "");
    CHECK(reason(nested(kJsonDepthMax + 1, open, close)) == "nested deeper than 64 levels");
  }
  CHECK(reason("{\"a\":" + nested(kJsonDepthMax - 1) + "}") == "");
  CHECK(reason("{\"a\":" + nested(kJsonDepthMax) + "}") == "nested deeper than 64 levels");
}

TEST_CASE("json: 100,000 levels, closed or not, cost nothing and are refused") {
  CHECK(reason(nested(100'000)) == "nested deeper than 64 levels");
  CHECK(reason(std::string(100'000, '[')) == "nested deeper than 64 levels");
  CHECK(reason(nested(100'000, '{', '}')) == "nested deeper than 64 levels");
}

TEST_CASE("json: a key that appears twice in one object is refused, in two objects it is not") {
  CHECK(reason(R"({"rule":{"id":"1"},"rule":{"id":"2"}})") == "the key \"rule\" appears twice in one object");
  CHECK(reason(R"({"a":{"b":{"c":1,"c":1}}})") == "the key \"c\" appears twice in one object");
  CHECK(reason(R"({"a":1,"\u0061":2})") == "the key \"a\" appears twice in one object");
  CHECK(reason(R"({"":1,"":2})") == "the key \"\" appears twice in one object");
  CHECK(reason(R"({"a":{"b":1},"b":{"a":1},"c":[{"a":1},{"a":1}]})") == "");
}

TEST_CASE("json: a key that is quoted in a reason is bounded and printable") {
  const std::string key(1000, 'k');
  CHECK(reason("{\"" + key + "\":1,\"" + key + "\":1}").size() < 120);
  CHECK(reason(R"({"a\u001b[31m":1,"a\u001b[31m":2})") == "the key \"a\\x1B[31m\" appears twice in one object");
}

TEST_CASE("json: a NUL that is escaped is text, also in keys") {
  const Json json = parse_json(R"({"a\u0000b":"c\u0000d"})");
  CHECK(json.begin().key() == std::string("a\0b", 3));
  CHECK(json.begin()->get<std::string>() == std::string("c\0d", 3));
}

TEST_CASE("json: a NUL byte is refused, and hides nothing that follows it") {
  using namespace std::string_literals;
  CHECK(reason("{}\0garbage"s) == "not JSON at byte 3: a NUL byte");
  CHECK(reason("{}\0"s) == "not JSON at byte 3: a NUL byte");
  CHECK(reason("{\"a\":\"b\0c\"}"s) == "not JSON at byte 8: a NUL byte");
  CHECK(reason("\0{}"s) == "not JSON at byte 1: a NUL byte");
}

TEST_CASE("json: bytes that are not UTF-8 are refused, in values and in keys") {
  for (const char* bad :
       {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80", "\xf8\x88\x80\x80\x80"}) {
    CAPTURE(bad);
    CHECK_THAT(reason(std::string("{\"a\":\"") + bad + "\"}"), ContainsSubstring("not JSON at byte"));
    CHECK_THAT(reason(std::string("{\"") + bad + "\":1}"), ContainsSubstring("not JSON at byte"));
  }
  CHECK(parse_json("[\"\xf0\x9f\x92\xa5\"]")[0] == "\xf0\x9f\x92\xa5");
}

TEST_CASE("json: half a surrogate pair is refused, a whole one is one character") {
  CHECK_THAT(reason(R"(["\ud83d"])"), ContainsSubstring("not JSON"));
  CHECK_THAT(reason(R"(["\udca5\ud83d"])"), ContainsSubstring("not JSON"));
  CHECK(parse_json(R"(["\ud83d\udca5"])")[0] == "\xf0\x9f\x92\xa5");
}

TEST_CASE("json: a byte order mark is skipped; half of one, or one elsewhere, is refused") {
  CHECK(parse_json("\xef\xbb\xbf{}") == Json::object());
  CHECK_THAT(reason("\xef\xbb{}"), ContainsSubstring("not JSON"));
  CHECK_THAT(reason("\xef\xbb\xbf"), ContainsSubstring("not JSON"));
  CHECK_THAT(reason("{}\xef\xbb\xbf"), ContainsSubstring("not JSON"));
  CHECK_THAT(reason("\xef\xbb\xbf\xef\xbb\xbf{}"), ContainsSubstring("not JSON"));
}

TEST_CASE("json: numbers beyond an integer become floating point, beyond that they are refused") {
  const Json json =
      parse_json("[18446744073709551615,-9223372036854775808,18446744073709551616,-9223372036854775809,1e308]");
  CHECK(json[0].get<std::uint64_t>() == UINT64_MAX);
  CHECK(json[1].get<std::int64_t>() == INT64_MIN);
  CHECK(json[2].is_number_float());
  CHECK(json[3].is_number_float());
  CHECK(json[4].get<double>() == 1e308);
  CHECK_THAT(reason("[1e309]"), ContainsSubstring("not JSON"));
  CHECK_THAT(reason("[-1e999999999]"), ContainsSubstring("not JSON"));
  CHECK_THAT(reason("[" + std::string(5000, '9') + "]"), ContainsSubstring("not JSON"));
  CHECK(reason("[1" + std::string(300, '0') + "]") == "");
  CHECK(reason("[1e-999999]") == "");
  for (const char* bad : {"NaN", "Infinity", "-Infinity", "01", "+1", ".5", "1.", "0x10", "1e", "--1"}) {
    CAPTURE(bad);
    CHECK_THAT(reason("[" + std::string(bad) + "]"), ContainsSubstring("not JSON"));
  }
}

TEST_CASE("json: anything after the document is refused, a second document too") {
  for (const char* tail : {"x", "{}", "]", ",", "\"", "//c", "1"}) {
    CAPTURE(tail);
    CHECK_THAT(reason("{\"a\":1}" + std::string(tail)), ContainsSubstring("not JSON at byte"));
  }
}

TEST_CASE("json: nothing, blanks and pieces of a document are refused") {
  CHECK(reason("") == "the file is empty");
  CHECK(reason(" \r\n\t ") == "the file is empty");
  const std::string whole = R"({"a":[1,{"b":"c\n"},true]})";
  for (std::size_t size = 1; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK_THAT(reason(whole.substr(0, size)), ContainsSubstring("not JSON"));
  }
}

TEST_CASE("json: what is not quite JSON is refused: comments, single quotes, trailing commas, raw control characters") {
  for (const char* bad : {"{\"a\":1,}", "[1,]", "{'a':1}", "{a:1}", "/*c*/{}", "{} // c", "[\"a\nb\"]", "[\"a\tb\"]",
                          "[\"\\x41\"]", "[\"\\u00g0\"]", "{\"a\" 1}", "{\"a\":}", "[,]", "tru", "\xc2\xa0{}"}) {
    CAPTURE(bad);
    CHECK_THAT(reason(bad), ContainsSubstring("not JSON at byte"));
  }
}

TEST_CASE("json: a reason is one bounded line, whatever the bytes") {
  const std::string hostile = "{\"a\":\"" + std::string(10'000, 'x') + "\x1b[2J\n\xff";
  const std::string text = reason(hostile);
  CHECK(text.size() < 250);
  CHECK(text.find_first_of("\x1b\n\xff") == std::string::npos);
}

TEST_CASE("json: the text of a scalar") {
  CHECK(scalar_text(Json("a b")) == "a b");
  CHECK(scalar_text(Json(5710)) == "5710");
  CHECK(scalar_text(Json(-1)) == "-1");
  CHECK(scalar_text(Json(0.5)) == "0.5");
  CHECK(scalar_text(Json(true)) == "true");
  CHECK(scalar_text(Json()) == "");
  CHECK(scalar_text(Json::object()) == "");
  CHECK(scalar_text(Json::array({1})) == "");
}

TEST_CASE("json: text is quoted so that it reads back as it was, on one line") {
  std::string text = "\"\\/\xc3\xa9";
  for (char c = 1; c < 0x20; ++c) text += c;
  text += '\0';
  text += '\x7f';
  const std::string quoted = json_quote(text);
  CHECK(Json::parse(quoted).get<std::string>() == text);
  for (const char c : quoted) CHECK((static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
  CHECK(json_quote("") == "\"\"");
  CHECK(json_quote("a\nb\x7f") == R"("a\u000ab\u007f")");
}
