// SPDX-License-Identifier: Apache-2.0
//
// The small parts of source_wazuh: the slicer, dates, waits, cursors.
#include <signalfoundry/error.hpp>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../../../../plugins/shared/json_slice.hpp"
#include "../../../../plugins/shared/search/answer.hpp"
#include "../../../../plugins/shared/search/cursor.hpp"
#include "../../../../plugins/shared/search/retry.hpp"
#include "../../../../plugins/shared/search/settings.hpp"
#include "../../../../plugins/source_wazuh/wazuh_source.hpp"
#include "support/catch.h"

using namespace search;
using shared::each_element;
using shared::each_member;

TEST_CASE("source_wazuh slicer: gives members and elements as they stand", "[source_wazuh]") {
  std::vector<std::string> seen;
  const std::string text =
      " {\"a\" : {\"x\":[1,{\"y\":\"}]\\\"\"}]} ,\"b\":\t-1.5e3,\n\"c\":\"\\\\\",\"d\":[],\"e\":null } ";
  CHECK(each_member(text, [&](std::string_view key, std::string_view value) {
    seen.push_back(std::string(key) + "=" + std::string(value));
  }));
  CHECK(seen ==
        std::vector<std::string>{"a={\"x\":[1,{\"y\":\"}]\\\"\"}]}", "b=-1.5e3", "c=\"\\\\\"", "d=[]", "e=null"});
  seen.clear();
  CHECK(each_element("[1, [2,3] ,\"a,b\",{}]", [&](std::string_view value) { seen.emplace_back(value); }));
  CHECK(seen == std::vector<std::string>{"1", "[2,3]", "\"a,b\"", "{}"});
  CHECK(each_member("{}", [](std::string_view, std::string_view) {}));
  CHECK(each_element(" [ ] ", [](std::string_view) {}));
}

TEST_CASE("source_wazuh slicer: what is no whole object or array is said to be none", "[source_wazuh]") {
  for (const std::string text :
       {"", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{\"a\":[}", "{\"a\":[1}", "{\"a\":\"x",
        "{\"a\":\"x\\\"}", "{a:1}", "{1:2}", "{\"a\":1}x", "[1]", "null", "{\"a\" 1}", "{\"a\":{]}}", "{\"a\":}"}) {
    INFO(text);
    CHECK_FALSE(each_member(text, [](std::string_view, std::string_view) {}));
  }
  for (const std::string text : {"", "[", "[1", "[1,", "[1,]", "[1}", "{}", "[[1]", "[\"]"}) {
    INFO(text);
    CHECK_FALSE(each_element(text, [](std::string_view) {}));
  }
}

TEST_CASE("source_wazuh slicer: no cut and no changed byte of an answer is read past its end", "[source_wazuh]") {
  // Goal: run under the address sanitizer; each text lies in a buffer of exactly its size.
  const std::string text =
      R"({"took":1,"_shards":{"total":3},"hits":{"hits":[{"_id":"a\"b","_source":{"x":["\\"]},"sort":[1,"a"]}]}})";
  for (std::size_t size = 0; size <= text.size(); ++size)
    for (const char c : std::string("\"\\{}[],:0 ")) {
      std::vector<char> exact(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size));
      if (size != 0) exact[size / 2] = c;
      std::size_t bytes = 0;
      each_member({exact.data(), exact.size()},
                  [&](std::string_view key, std::string_view value) { bytes += key.size() + value.size(); });
      CHECK(bytes <= size);
    }
}

TEST_CASE("source_wazuh slicer: depth costs no stack", "[source_wazuh]") {
  const std::string deep = "{\"a\":" + std::string(2'000'000, '[') + std::string(2'000'000, ']') + "}";
  std::size_t size = 0;
  CHECK(each_member(deep, [&](std::string_view, std::string_view value) { size = value.size(); }));
  CHECK(size == 4'000'000);
}

TEST_CASE("source_wazuh retry: dates of HTTP", "[source_wazuh]") {
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == 784'111'777'000);
  CHECK(parse_http_date("Thu, 29 Feb 2024 23:59:60 GMT") == 1'709'251'200'000);
  for (const std::string text :
       {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Now 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:4x:37 GMT"}) {
    INFO(text);
    CHECK_FALSE(parse_http_date(text));
  }
}

TEST_CASE("source_wazuh retry: Retry-After in both forms, bounded", "[source_wazuh]") {
  CHECK(parse_retry_after("3", 0) == 3000U);
  CHECK(parse_retry_after("0", 0) == 0U);
  CHECK(parse_retry_after("999999999", 0) == 86'400'000U);
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 784'111'770'000) == 7000U);
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 784'111'779'000) == 0U);
  CHECK_FALSE(parse_retry_after("", 0));
  CHECK_FALSE(parse_retry_after("-1", 0));
  CHECK_FALSE(parse_retry_after("soon", 0));
  CHECK_FALSE(parse_retry_after("99999999999999", 0));
}

TEST_CASE("source_wazuh retry: no budget means no second try", "[source_wazuh]") {
  Backoff none(0, 0, 1);
  CHECK_FALSE(none.next(0, std::nullopt));
  CHECK(none.tries() == 1);
}

TEST_CASE("source_wazuh: hostile text is made plain in messages", "[source_wazuh]") {
  CHECK(printable("a\x1b[2J\xe2\x80\xae\n", 20) == "a?[2J????");
  CHECK(printable("abcdef", 3) == "abc...");
}

TEST_CASE("source_wazuh cursor: times that no clock gives are no cursor", "[source_wazuh]") {
  // Goal: nothing that stands in a damaged state.db leads to arithmetic outside of its type.
  const auto cursor = [](const std::string& ms) {
    return R"({"v":1,"watermark_ms":)" + ms + R"(,"local_ms":0,"filter":""})";
  };
  CHECK(from_position(cursor("-86400000"), "source_wazuh")->watermark_ms == -86'400'000);
  for (const char* ms : {"-9223372036854775808", "9223372036854775807", "18446744073709551615", "1000000000000001",
                         "1.5", "1e300", "\"1\""})
    CHECK_THROWS_AS(from_position(cursor(ms), "source_wazuh"), sf::Error);
}

TEST_CASE("source_wazuh answer: a list of what are no hits, or too many, is given up where that shows",
          "[source_wazuh]") {
  Settings s;
  s.dialect = &source_wazuh::kWazuh4;
  const auto list_of = [](const std::string& element) {
    std::string out = R"({"_shards":{"total":1,"successful":1,"failed":0},"hits":{"hits":[)";
    for (int i = 0; i < 20'000; ++i) out += element + (i < 19'999 ? "," : "]}}");
    return out;
  };
  Page page;
  CHECK(read_answer({200, list_of("1")}, s, page));
  CHECK(page.hits.size() <= 1);
  CHECK(read_answer({200, list_of("{}")}, s, page));
  CHECK(page.hits.size() <= 10'000);
}
