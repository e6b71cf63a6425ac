// SPDX-License-Identifier: Apache-2.0
//
// Goal: the alert in a hit is found as its bytes stand, and what is no JSON object is never taken for one silently.
#include "../../../../plugins/source_file/document.hpp"

#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <signalfoundry/testing/mock_record.hpp>

#include "../../../../plugins/shared/cut_record.hpp"
#include "../../../../plugins/source_file/line_buffer.hpp"
#include "support/catch.h"

using nlohmann::json;
using shared::kRejectedKept;
using source_file::find_document;
using source_file::kAlertBytesMax;
using source_file::LineBuffer;
using source_file::why_no_object;

namespace {

std::string digest(std::string_view text) {
  return sf::testing::detail::sha256_hex(text);
}
std::string alert_in(std::string_view text) {
  const auto found = find_document(text);
  return found ? std::string(found->alert) : "none";
}
std::string id_in(std::string_view text) {
  const auto found = find_document(text);
  return found ? found->id : "none";
}

json random_json(std::mt19937& random, int depth) {
  static const std::vector<std::string> texts{"", "_source", "_id", "a\"b\\", "}]{[", "\n\t", "é😀", ",:"};
  switch (random() % (depth > 4 ? 5 : 7)) {
    case 0:
      return nullptr;
    case 1:
      return random() % 2 == 0;
    case 2:
      return static_cast<int>(random() % 1000) - 500;
    case 3:
      return static_cast<double>(random() % 1000) / 7.0;
    case 4:
      return texts[random() % texts.size()];
    case 5: {
      auto out = json::array();
      for (auto n = random() % 4; n != 0; --n) out.push_back(random_json(random, depth + 1));
      return out;
    }
    default: {
      auto out = json::object();
      for (auto n = random() % 5; n != 0; --n) out[texts[random() % texts.size()]] = random_json(random, depth + 1);
      return out;
    }
  }
}

}  // namespace

TEST_CASE("document: a bare alert is taken as it stands", "[source_file]") {
  for (const char* text : {"{}", " { } ", R"({"rule":{"id":"1"},"a":[1,{"b":"]}"}]})", R"({"_source":{"a":1}})",
                           R"({"_source":5,"_index":"x"})", R"({"_id":"1","_index":"x"})",
                           R"({"_source":{"a":1},"_id":7})", R"({"x":{"_source":{},"_id":"1"}})"}) {
    CHECK(alert_in(text) == text);
    CHECK(id_in(text).empty());
  }
}

TEST_CASE("document: a hit gives the bytes of _source and its _id", "[source_file]") {
  const std::string hit = R"( {"_index" : "wazuh-alerts-4.x-2026.11.24","_id":"Ab\u002d1\"","_score":null, )"
                          R"("_source":{ "id":"1.2" , "n":1.50,"s":"\u00e9}" } ,"sort":[1]})";
  CHECK(alert_in(hit) == R"({ "id":"1.2" , "n":1.50,"s":"\u00e9}" })");
  CHECK(id_in(hit) == "Ab-1\"");
  CHECK(alert_in(R"({"_index":"x","_source":{"a":1}})") == R"({"a":1})");
  CHECK(id_in(R"({"_index":"x","_source":{"a":1}})").empty());
  CHECK(alert_in(R"({"_id":"1","_source":{"a":1},"_source":{"b":2}})") == R"({"b":2})");
}

TEST_CASE("document: what is broken at the outermost level is no document, and the reason is said", "[source_file]") {
  for (const char* text : {"",
                           " ",
                           "{",
                           "}",
                           "[]",
                           "[{}]",
                           "1",
                           "\"x\"",
                           "null",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{\"a\":1}x",
                           "{\"a\":1}{\"b\":2}",
                           "{a:1}",
                           "{\"a:1}",
                           "{\"a\":\"x}",
                           "{\"a\":\"x\\",
                           "{\"a\":{\"b\":1}",
                           "{\"a\":[1}",
                           "{'a':1}",
                           "\xff\xfe{}",
                           "{\"_id\":\"\\x\",\"_source\":{}}"}) {
    INFO(text);
    if (std::string_view(text) != "{\"a\":[1}") CHECK_FALSE(find_document(text).has_value());
    CHECK_FALSE(why_no_object(text).empty());
    CHECK(why_no_object(text).size() < 400);
  }
  CHECK(why_no_object("[1]") == "JSON, but not an object");
  CHECK_THAT(why_no_object("{\"a\":tru}"), ContainsSubstring("not JSON: "));
  CHECK(why_no_object("{}").empty());
}

TEST_CASE("document: agrees with a parser on every JSON", "[source_file]") {
  std::mt19937 random(11);
  for (int i = 0; i < 3000; ++i) {
    const auto value = random_json(random, 0);
    const auto text = value.dump(random() % 2 == 0 ? -1 : 1);
    const auto found = find_document(text);
    CHECK(found.has_value() == value.is_object());
    if (value.is_object()) CHECK(why_no_object(text).empty());
    auto hit = json{{"_index", "i"}, {"_id", "x"}, {"_source", json::object({{"v", value}})}, {"more", value}};
    CHECK(json::parse(alert_in(hit.dump())) == hit["_source"]);
    // Cut anywhere, a hit is no document.
    const auto whole = hit.dump();
    CHECK_FALSE(find_document(std::string_view(whole).substr(0, random() % whole.size())).has_value());
  }
}

TEST_CASE("document: a hundred thousand levels cost nothing", "[source_file]") {
  const std::string deep = "{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
  CHECK(alert_in(deep) == deep);
  CHECK_FALSE(why_no_object("{\"a\":" + std::string(100'000, '[')).empty());
}

TEST_CASE("line buffer: gives the same lines however the file is cut", "[source_file]") {
  std::mt19937 random(5);
  std::string file;
  std::vector<std::string> lines;
  for (int i = 0; i < 200; ++i) {
    lines.push_back(std::string(random() % 50, static_cast<char>('a' + i % 26)));
    file += lines.back() + "\n";
  }
  file += "rest";
  for (std::size_t chunk = 1; chunk < 200; ++chunk) {
    LineBuffer buffer(digest);
    std::vector<std::string> seen;
    std::uint64_t at = 0;
    for (std::size_t from = 0; from < file.size(); from += chunk) {
      CHECK(buffer.wants() == from);
      buffer.append(std::string_view(file).substr(from, chunk));
      while (const auto line = buffer.next()) {
        CHECK(line->begin == at);
        CHECK(buffer.next()->text == line->text);  // shown again until it is consumed
        seen.emplace_back(line->text);
        at = line->next;
        buffer.consume(*line);
        CHECK(buffer.consumed() == at);
      }
    }
    CHECK(seen == lines);
    REQUIRE(buffer.rest());
    CHECK(buffer.rest()->text == "rest");
    buffer.consume(*buffer.rest());
    CHECK_FALSE(buffer.rest());
    CHECK(buffer.consumed() == file.size());
  }
}

// Goal: of lines that are too long the digest tells which is which, and is the same however the bytes arrive.
TEST_CASE("line buffer: the digest of a line that is too long is that of all its bytes", "[source_file]") {
  std::vector<std::string> digests;
  for (const auto& end :
       {std::string("a"), std::string("b"), std::string("a"), std::string(70'000, 'a'), std::string()}) {
    const std::string line = std::string(1'100'000, 'x') + end;
    for (const std::size_t chunk :
         {std::size_t{1} << 20U, std::size_t{65'536}, std::size_t{300'001}, line.size() + 1}) {
      LineBuffer buffer(digest);
      std::optional<LineBuffer::Line> seen;
      const std::string file = line + (end.empty() ? "" : "\n");
      for (std::size_t from = 0; from < file.size() && !seen; from += chunk) {
        buffer.append(std::string_view(file).substr(from, chunk));
        seen = buffer.next();
      }
      if (seen) CHECK(buffer.next()->digest == seen->digest);
      if (!seen) seen = buffer.rest();
      REQUIRE(seen);
      if (!digests.empty() && chunk != std::size_t{1} << 20U) CHECK(seen->digest == digests.back());
      if (chunk == std::size_t{1} << 20U) digests.push_back(seen->digest);
    }
  }
  CHECK(digests[0] == digests[2]);
  CHECK(std::set<std::string>(digests.begin(), digests.end()).size() == 4);
}

TEST_CASE("line buffer: a line that is too long is shown by its beginning, and not held", "[source_file]") {
  for (const std::size_t chunk : {std::size_t{1} << 20U, std::size_t{300'000}, std::size_t{7'000'000}}) {
    const std::string file = "a\n" + std::string(5'000'000, 'x') + "\nb\n" + std::string(2'000'000, 'y');
    LineBuffer buffer(digest);
    std::vector<LineBuffer::Line> seen;
    std::vector<std::string> texts;
    for (std::size_t from = 0; from < file.size(); from += chunk) {
      buffer.append(std::string_view(file).substr(from, chunk));
      while (const auto line = buffer.next()) {
        seen.push_back(*line);
        texts.emplace_back(line->text);
        buffer.consume(*line);
      }
    }
    REQUIRE(seen.size() == 3);
    CHECK(seen[1].begin == 2);
    CHECK(seen[1].next == 5'000'003);
    CHECK_FALSE(seen[1].whole);
    CHECK(texts[1] == std::string(kRejectedKept, 'x'));
    CHECK(texts[2] == "b");
    REQUIRE(buffer.rest());
    CHECK_FALSE(buffer.rest()->whole);
    CHECK(buffer.rest()->begin == 5'000'005);
    CHECK(buffer.rest()->next == file.size());
  }
  LineBuffer buffer(digest);
  const std::string limit(kAlertBytesMax, 'z');
  buffer.append(limit);
  CHECK_FALSE(buffer.next());
  buffer.append("\n");
  CHECK(buffer.next()->whole);
  CHECK(buffer.next()->text == limit);
}
