// SPDX-License-Identifier: Apache-2.0
//
// Goal: a mapping finds what docs/formats/alert.md says it finds, in any document, and a wrong one is refused in words.
#include "alert/mapping.hpp"

#include <signalfoundry/wazuh_mapping.hpp>

#include <stdexcept>

#include "support/catch.h"

using signalfoundry::Field;
using signalfoundry::field_name;
using signalfoundry::field_of;
using signalfoundry::Json;
using signalfoundry::Mapping;
using signalfoundry::Pointer;
using signalfoundry::severity_word;

namespace {

// What a pointer finds in a document, as JSON; "nothing", or "no pointer".
std::string found(std::string_view pointer, const Json& document) {
  const auto parsed = Pointer::parse(pointer);
  if (!parsed) return "no pointer";
  const Json* value = parsed->find(document);
  return value == nullptr ? "nothing" : value->dump();
}

std::string refusal(std::string_view mapping) {
  try {
    Mapping::parse(mapping);
    return "accepted";
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
}

std::string field(const char* pointers, const char* text, Field which = Field::host_name) {
  const auto mapping = Mapping::parse("{\"fields\":{\"" + std::string(field_name(which)) + "\":" + pointers + "}}");
  const Json document = Json::parse(text);
  const Json* value = mapping->find(which, document);
  return value == nullptr ? "nothing" : value->dump();
}

// level() of {"l": value} where "level" is {"fields": ["/l"], MORE}; -1: unknown.
int level(const std::string& value, const std::string& more = "") {
  const auto mapping = Mapping::parse(R"({"level":{"fields":["/l"])" + more + "}}");
  return mapping->level(Json::parse("{\"l\":" + value + "}")).value_or(-1);
}

}  // namespace

TEST_CASE("mapping: each field has one name, and the name leads back to it") {
  for (std::size_t i = 0; i < static_cast<std::size_t>(Field::count); ++i) {
    const auto one = static_cast<Field>(i);
    CHECK(field_of(field_name(one)) == one);
  }
  CHECK(!field_of("rule"));
  CHECK(!field_of(""));
  CHECK(!field_of("Rule.id"));
}

TEST_CASE("pointer: walks objects and arrays (RFC 6901)") {
  const Json document =
      Json::parse(R"({"a":{"b":[10,{"c":"d"}]},"":{"":7},"x/y":1,"m~n":2,"~1":3,"n":null,"8":{"0":4}})");
  CHECK(found("/a/b/0", document) == "10");
  CHECK(found("/a/b/1/c", document) == "\"d\"");
  CHECK(found("/", document) == R"({"":7})");
  CHECK(found("//", document) == "7");
  CHECK(found("/x~1y", document) == "1");
  CHECK(found("/m~0n", document) == "2");
  CHECK(found("/~01", document) == "3");
  CHECK(found("/n", document) == "null");
  CHECK(found("/8/0", document) == "4");
}

TEST_CASE("pointer: what is not there is not found, and nothing is made on the way") {
  const Json document = Json::parse(R"({"a":{"b":[10]},"s":"text","n":null})");
  for (const char* missing : {"/A", "/a/b/1", "/a/b/-", "/a/b/-1", "/a/b/00x", "/a/b/", "/a/b/0/x", "/s/0", "/n/x",
                              "/a/b/18446744073709551616", "/a/ b", "/a/b/0 "}) {
    CAPTURE(missing);
    CHECK(found(missing, document) == "nothing");
  }
  CHECK(document.dump() == R"({"a":{"b":[10]},"n":null,"s":"text"})");
}

TEST_CASE("pointer: what is no pointer is refused") {
  for (const char* bad : {"", "a", "a/b", "#/a", "/a~", "/a~2", "/~", "/a/~x", "/a~/b"}) {
    CAPTURE(bad);
    CHECK(found(bad, Json::object()) == "no pointer");
  }
}

TEST_CASE("pointer: takes a member out, and only that") {
  Json document = Json::parse(R"({"a":{"b":1,"c":2},"d":[1,2],"e":3})");
  for (const char* pointer : {"/a/b", "/e", "/d/0", "/x/y", "/e/f"}) Pointer::parse(pointer)->erase_from(document);
  CHECK(document.dump() == R"({"a":{"c":2},"d":[1,2]})");
}

TEST_CASE("mapping: the first pointer that holds a scalar or a list wins; null and objects do not") {
  CHECK(field(R"(["/a","/b"])", R"({"a":"x","b":"y"})") == "\"x\"");
  CHECK(field(R"(["/a","/b"])", R"({"b":"y"})") == "\"y\"");
  CHECK(field(R"(["/a","/b"])", R"({"a":null,"b":"y"})") == "\"y\"");
  CHECK(field(R"(["/a","/b"])", R"({"a":{"a0":"sh"},"b":"y"})") == "\"y\"");
  CHECK(field(R"(["/a","/b"])", R"({"a":["x","z"],"b":"y"})") == R"(["x","z"])");
  CHECK(field(R"(["/a","/b"])", R"({"a":0,"b":"y"})") == "0");
  CHECK(field(R"(["/a","/b"])", R"({"a":false,"b":"y"})") == "false");
  CHECK(field(R"(["/a"])", R"({"a":{}})") == "nothing");
  CHECK(field(R"([])", R"({"a":1})") == "nothing");
}

TEST_CASE("mapping: a list is no time, so the next pointer is asked") {
  CHECK(field(R"(["/a","/b"])", R"({"a":[1],"b":"2026-11-24T19:42:25Z"})", Field::time) == "\"2026-11-24T19:42:25Z\"");
}

TEST_CASE("mapping: id and node are scalars, numbers as text") {
  const auto mapping = Mapping::parse(R"({"identity":{"id":["/id","/uid"],"node":["/n","/m"]}})");
  CHECK(mapping->id(Json::parse(R"({"id":"a","uid":"b"})")) == "a");
  CHECK(mapping->id(Json::parse(R"({"id":1700000000.5})")) == "1700000000.5");
  CHECK(mapping->id(Json::parse(R"({"id":["x"],"uid":7})")) == "7");
  CHECK(mapping->id(Json::parse(R"({"id":{"x":1},"uid":true})")) == "true");
  CHECK(mapping->id(Json::parse(R"({})")) == "");
  CHECK(mapping->node(Json::parse(R"({"n":null,"m":"worker-1"})")) == "worker-1");
  CHECK(!mapping->id_seconds());
}

TEST_CASE("mapping: comparable is the document in one form, without what the ingest pipeline adds") {
  const auto mapping = Mapping::parse(R"({"identity":{"ignore":["/@timestamp","/input/type","/list/0"]}})");
  const std::string one =
      mapping->comparable(Json::parse(R"({ "b":1, "a" : [1, 2], "@timestamp":"x","input":{"type":"log"}})"));
  CHECK(one == R"({"a":[1,2],"b":1,"input":{}})");
  CHECK(one == mapping->comparable(Json::parse(R"({"input":{"type":"tcp"},"a":[1,2],"b":1})")));
  CHECK(one != mapping->comparable(Json::parse(R"({"input":{},"a":[2,1],"b":1})")));
}

TEST_CASE("mapping: Wazuh's levels stand as they are, and 16 becomes 15") {
  for (int i = 0; i <= 15; ++i) CHECK(level(std::to_string(i)) == i);
  CHECK(level("16") == 15);
  CHECK(level("-1") == 0);
  CHECK(level("\"12\"") == 12);
}

TEST_CASE("mapping: numbers are mapped linearly onto 0 to 15 and clamped") {
  const std::string risk = R"(,"from":0,"to":100)";
  CHECK(level("0", risk) == 0);
  CHECK(level("20", risk) == 3);
  CHECK(level("47", risk) == 7);
  CHECK(level("73.3", risk) == 10);
  CHECK(level("100", risk) == 15);
  CHECK(level("101", risk) == 15);
  CHECK(level("1e300", risk) == 15);
  CHECK(level("-1e300", risk) == 0);
  CHECK(level("18446744073709551615", risk) == 15);
  CHECK(level("15", R"(,"from":10,"to":20)") == 7);
}

TEST_CASE("mapping: words are levels of their own, clamped; other words and kinds are unknown") {
  const std::string words = R"(,"words":{"low":5,"critical":15,"off":-3,"worst":99,"half":7.9,"7":1})";
  CHECK(level("\"low\"", words) == 5);
  CHECK(level("\"critical\"", words) == 15);
  CHECK(level("\"off\"", words) == 0);
  CHECK(level("\"worst\"", words) == 15);
  CHECK(level("\"half\"", words) == 7);
  CHECK(level("\"7\"", words) == 1);
  CHECK(level("7", words) == 7);
  for (const char* unknown : {"\"Low\"", "\"\"", "\" 5\"", "\"5 \"", "\"5x\"", "\"nan\"", "\"inf\"", "\"1e999\"",
                              "true", "null", "[5]", "{\"a\":5}"}) {
    CAPTURE(unknown);
    CHECK(level(unknown, words) == -1);
  }
}

TEST_CASE("mapping: a document without a level has none") {
  CHECK(!Mapping::parse(R"({"level":{"fields":["/l"]}})")->level(Json::object()));
  CHECK(!Mapping::parse("{}")->level(Json::parse(R"({"l":5})")));
}

TEST_CASE("mapping: a mapping that is none is refused as invalid_argument, whatever is wrong with it") {
  for (const char* bad : {"", "x", "[]", "null", "7", "{", "{}x"}) {
    CAPTURE(bad);
    CHECK_THAT(refusal(bad), Catch::Matchers::StartsWith("the mapping is not a JSON object"));
  }
  for (const char* bad :
       {R"({"name":7})", R"({"identity":7})", R"({"identity":["/id"]})", R"({"identity":{"id_seconds":"yes"}})",
        R"({"level":[1]})", R"({"level":{"from":"a"}})", R"({"level":{"words":{"low":"5"}}})", R"({"level":"x"})",
        R"({"level":{"words":{"low":null}}})"}) {
    CAPTURE(bad);
    CHECK_THAT(refusal(bad), ContainsSubstring("wrong type"));
  }
  CHECK(refusal(R"({"fields":{"rule.nmae":["/x"]}})") == "\"rule.nmae\" is no canonical field");
  CHECK(refusal(R"({"fields":{"severity":["/x"]}})") == "\"severity\" is no canonical field");
  CHECK(refusal(R"({"fields":["/x"]})") == "\"0\" is no canonical field");
  CHECK(refusal(R"({"fields":{"time":["x"]}})") == "fields.time holds something that is no JSON pointer");
  CHECK(refusal(R"({"fields":{"time":[7]}})") == "fields.time holds something that is no JSON pointer");
  CHECK(refusal(R"({"identity":{"id":["id"]}})") == "identity.id holds something that is no JSON pointer");
  CHECK(refusal(R"({"identity":{"node":[null]}})") == "identity.node holds something that is no JSON pointer");
  CHECK(refusal(R"({"identity":{"ignore":["/a~"]}})") == "identity.ignore holds something that is no JSON pointer");
  CHECK(refusal(R"({"level":{"fields":["l"]}})") == "level.fields holds something that is no JSON pointer");
  CHECK(refusal(R"({"fields":{"\u001b[31m\u202e":[]}})") == "\"\\x1B[31m\\u{202E}\" is no canonical field");
}

TEST_CASE("mapping: one that nests without end is refused") {
  // Goal: a copy of it would recurse once a level, and end the process at some hundred thousand.
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  CHECK_THAT(refusal("{\"identity\":" + deep + "}"), ContainsSubstring("nested deeper than 64 levels"));
}

TEST_CASE("mapping: a scale that is none is refused") {
  for (const char* bad : {R"("from":15,"to":0)", R"("from":7,"to":7)", R"("from":-1e308,"to":1e308)"}) {
    CAPTURE(bad);
    CHECK(refusal("{\"level\":{" + std::string(bad) + "}}") == "level.to is not over level.from");
  }
}

TEST_CASE("mapping: words with absurd numbers are clamped, not wrapped") {
  CHECK(level("\"a\"", R"(,"words":{"a":4294967296})") == 15);
  CHECK(level("\"a\"", R"(,"words":{"a":1e300})") == 15);
  CHECK(level("\"a\"", R"(,"words":{"a":-1e300})") == 0);
}

TEST_CASE("mapping: Wazuh's own is accepted, keeps its text, and knows its fields") {
  const auto mapping = Mapping::parse(sf::kWazuhMapping);
  CHECK(mapping->name() == "wazuh-4");
  CHECK(mapping->text() == sf::kWazuhMapping);
  CHECK(mapping->id_seconds());
  const Json alert = Json::parse(R"({"rule":{"level":5,"id":"5760","groups":["sshd"]},"agent":{"name":"co7"},
      "data":{"audit":{"execve":{"a0":"ls"},"command":"ls"}},"manager":{"name":"ub20"}})");
  CHECK(mapping->level(alert) == 5);
  CHECK(mapping->find(Field::rule_groups, alert)->dump() == R"(["sshd"])");
  CHECK(mapping->find(Field::host_name, alert)->get<std::string>() == "co7");
  CHECK(mapping->find(Field::process_command_line, alert)->get<std::string>() == "ls");
  CHECK(mapping->node(alert) == "ub20");
}

TEST_CASE("mapping: the severity word of every level is the table of docs/formats/alert.md") {
  const char* expected[] = {"informational", "informational", "informational", "informational", "low",    "low",
                            "low",           "medium",        "medium",        "medium",        "medium", "medium",
                            "high",          "high",          "high",          "critical"};
  for (int i = 0; i < 16; ++i) CHECK(severity_word(i) == expected[i]);
}

TEST_CASE("mapping: \"dotted\" finds names that hold several parts, the split ones first") {
  const auto find = [](const char* dotted, const char* pointer, const char* text) {
    const auto mapping = Mapping::parse("{\"dotted\":" + std::string(dotted) + R"(,"fields":{"host.name":[")" +
                                        std::string(pointer) + "\"]}}");
    const Json document = Json::parse(text);
    const Json* value = mapping->find(Field::host_name, document);
    return value == nullptr ? "nothing" : value->dump();
  };
  for (const char* text : {R"({"a":{"b":{"c":1}}})", R"({"a.b.c":1})", R"({"a.b":{"c":1}})", R"({"a":{"b.c":1}})",
                           R"({"a":{"x":0},"a.b":{"c":1}})", R"({"a":{"b":{"x":0}},"a.b.c":1})"})
    CHECK(find("true", "/a/b/c", text) == "1");
  CHECK(find("true", "/a/b", R"({"a.b":2,"a":{"b":1}})") == "1");
  CHECK(find("true", "/a/0/b", R"({"a":[{"b":1}]})") == "1");
  CHECK(find("true", "/a/0/b/c", R"({"a":[{"b.c":1}]})") == "1");
  CHECK(find("true", "/a/1/b", R"({"a":[{"b":1}]})") == "nothing");
  CHECK(find("true", "/a/b", R"({"a":"b","a.c":1})") == "nothing");
  CHECK(find("false", "/a/b/c", R"({"a.b.c":1})") == "nothing");
}

TEST_CASE("mapping: an id of several parts is there when all are, and no two lists of parts give one id") {
  const auto mapping = Mapping::parse(R"({"identity":{"id":[["/i","/d","/r"],"/uuid"]}})");
  const auto id = [&](const char* text) { return mapping->id(Json::parse(text)); };
  CHECK(id(R"({"i":"ix","d":"doc","r":7})") == "ix/doc/7");
  CHECK(id(R"({"i":"a/b","d":"c","r":"r"})") == "a~1b/c/r");
  CHECK(id(R"({"i":"a","d":"b/c","r":"r"})") == "a/b~1c/r");
  CHECK(id(R"({"i":"a~1b","d":"c","r":"r"})") == "a~01b/c/r");
  CHECK(id(R"({"i":"ix","r":"r","uuid":"u"})") == "u");
  CHECK(id(R"({"i":"ix","d":"","r":"r"})").empty());
  CHECK(id(R"({"i":["ix"],"d":{},"r":null})").empty());
  CHECK(refusal(R"({"identity":{"id":[[]]}})") == "identity.id holds an id of no parts");
  CHECK(refusal(R"({"identity":{"id":[["/a","b"]]}})") == "identity.id holds something that is no JSON pointer");
}

TEST_CASE("mapping: the level is the first field's that gives one") {
  const auto mapping =
      Mapping::parse(R"({"level":{"fields":["/severity","/risk"],"from":0,"to":100,"words":{"low":5,"high":12}}})");
  const auto of = [&](const char* text) { return mapping->level(Json::parse(text)).value_or(-1); };
  CHECK(of(R"({"severity":"low","risk":99})") == 5);
  CHECK(of(R"({"severity":"odd","risk":99})") == 14);
  CHECK(of(R"({"severity":["high"],"risk":21})") == 3);
  CHECK(of(R"({"risk":100})") == 15);
  CHECK(of(R"({"severity":"odd"})") == -1);
}
