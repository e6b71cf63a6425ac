// SPDX-License-Identifier: Apache-2.0
//
// Goal: the same alert always has the same key, two different alerts never share one, and keys never change between
// versions: cases, packs and the ledger are named by them.
#include "alert/alert.hpp"

#include <signalfoundry/wazuh_mapping.hpp>

#include "base/digest.hpp"
#include "support/catch.h"

using signalfoundry::Alert;
using signalfoundry::is_key;
using signalfoundry::Json;
using signalfoundry::Mapping;
using signalfoundry::read_alert;
using signalfoundry::Rejected;
using signalfoundry::rejected_key;
using signalfoundry::sha256_hex;

namespace {

constexpr std::int64_t kRaised = 1'726'653'704'788;  // 2024-09-18T10:01:44.788Z
constexpr std::int64_t kFallback = 42;

std::shared_ptr<const Mapping> wazuh() {
  static const auto mapping = Mapping::parse(sf::kWazuhMapping);
  return mapping;
}

// An alert of Wazuh's, with some members changed: {"id": …}; null takes one out.
std::string wazuh_text(const char* patch = "{}") {
  Json document = Json::parse(R"({"timestamp":"2024-09-18T15:31:44.788+0530","id":"1726653704.812551",
      "rule":{"id":"5760","level":5,"description":"sshd: authentication failed."},"agent":{"name":"co7"},
      "manager":{"name":"ub20"}})");
  document.merge_patch(Json::parse(patch));
  return document.dump();
}

Alert read(const std::string& text, const char* doc_id = "", const char* source = "poll") {
  return read_alert(text, source, wazuh(), doc_id, kFallback);
}
Alert read_patched(const char* patch, const char* doc_id = "") {
  return read(wazuh_text(patch), doc_id);
}

std::string refusal(const std::string& text) {
  try {
    read(text);
    return "accepted";
  } catch (const Rejected& e) {
    return e.what();
  }
}

// The key by its definition, made here once more.
std::string key_over(const std::string& with_bars) {
  std::string text = with_bars;
  for (char& c : text)
    if (c == '|') c = '\0';
  return sha256_hex(text).substr(0, 32);
}

}  // namespace

TEST_CASE("alert: what is read is what the SIEM said") {
  const std::string text = wazuh_text();
  const Alert alert = read(text);
  CHECK(alert.bytes == text);
  CHECK(alert.document.dump() == text);
  CHECK(alert.source == "poll");
  CHECK(alert.id == "1726653704.812551");
  CHECK(alert.sha256 == sha256_hex(text));
  CHECK(alert.time_ms == kRaised);
  CHECK(alert.level == 5);
  CHECK(alert.mapping == wazuh());
}

TEST_CASE("alert: keys of a release stay what they are in every later one (golden values)") {
  CHECK(read_patched("{}").key == "31e5ff40e56f42ab16753bca7b51423b");
  CHECK(read_patched(R"({"id":"1700000000.1"})").key == "d846f9cd0b22eb078ddb9e44d54d5ff2");
  CHECK(rejected_key("poll", sha256_hex("not json")) == "d0187f9309ac14dd6f0412f3eadfc3d2");
  CHECK(read_patched("{}").group == 0xd798719c);
}

TEST_CASE("alert: the key is over source, node and the SIEM's id, and nothing else where that id is genuine") {
  const std::string key = read_patched("{}").key;
  CHECK(key == key_over("id|poll|ub20|1726653704.812551|"));
  CHECK(read_patched(R"({"@timestamp":"2024-09-18T10:02:00Z","GeoLocation":{"country":"FR"}})").key == key);
  CHECK(read_patched(R"({"rule":{"level":12}})").key == key);
  CHECK(read_patched("{}", "opensearch-id").key == key);
  CHECK(read(wazuh_text(), "", "drop-in").key != key);
  CHECK(read_patched(R"({"id":"1726653704.812552"})").key != key);
}

TEST_CASE("alert: the same id from two nodes is two alerts; the cluster's node counts before the manager") {
  const std::string one = read_patched("{}").key;
  CHECK(read_patched(R"({"manager":{"name":"ub21"}})").key != one);
  const std::string clustered = read_patched(R"({"cluster":{"node":"worker-1"}})").key;
  CHECK(clustered == key_over("id|poll|worker-1|1726653704.812551|"));
  CHECK(read_patched(R"({"cluster":{"node":"worker-1"},"manager":{"name":"other"}})").key == clustered);
}

TEST_CASE("alert: an id within two seconds of the timestamp is genuine, one further away is not") {
  const auto is_genuine = [](const std::string& id) {
    return read_patched(("{\"id\":\"" + id + "\"}").c_str()).key == key_over("id|poll|ub20|" + id + "|");
  };
  CHECK(is_genuine("1726653702.1"));
  CHECK(is_genuine("1726653706.1"));
  CHECK(is_genuine("1726653704"));
  CHECK(!is_genuine("1726653701.1"));
  CHECK(!is_genuine("1726653707.1"));
  CHECK(!is_genuine("0.1"));
  CHECK(!is_genuine(" 1726653704.1"));
  CHECK(!is_genuine("x1726653704.1"));
  CHECK(!is_genuine("9223372036854775807.1"));
  CHECK(!is_genuine("-9223372036854775808.1"));
  CHECK(!is_genuine("92233720368547758080.1"));
}

TEST_CASE("alert: one constant id over different contents gives different keys, over the same content one key") {
  const std::string key = read_patched(R"({"id":"1580123327.49031"})").key;
  CHECK(read_patched(R"({"id":"1580123327.49031"})").key == key);
  CHECK(
      read_patched(R"({"id":"1580123327.49031","@timestamp":"x","GeoLocation":{"a":1},"input":{"type":"log"}})").key ==
      key);
  CHECK(read_patched(R"({"id":"1580123327.49031","agent":{"name":"other"}})").key != key);
  CHECK(read_patched(R"({"id":"1580123327.49032"})").key != key);
  CHECK(read(" \n" + Json::parse(wazuh_text(R"({"id":"1580123327.49031"})")).dump(2)).key == key);
}

TEST_CASE("alert: without an id the storage id stands for it, without both the content does") {
  const Alert stored = read_patched(R"({"id":null})", "doc-1");
  CHECK(stored.id == "doc-1");
  CHECK(stored.key == read_patched(R"({"id":null})", "doc-1").key);
  CHECK(stored.key != read_patched(R"({"id":null})", "doc-2").key);
  const Alert bare = read_patched(R"({"id":null})");
  CHECK(bare.id == "");
  CHECK(bare.key == read_patched(R"({"id":null,"@timestamp":"y"})").key);
  CHECK(bare.key != read_patched(R"({"id":null,"rule":{"level":6}})").key);
  CHECK(bare.key != stored.key);
}

TEST_CASE("alert: where ids have no seconds, every id is the SIEM's own") {
  const auto mapping = Mapping::parse(R"({"identity":{"id":["/uid"]},"fields":{"rule.id":["/r"]}})");
  const auto key = [&](const char* text, const char* doc_id) { return read_alert(text, "s", mapping, doc_id, 0).key; };
  CHECK(key(R"({"uid":"a","r":1})", "") == key_over("id|s||a|"));
  CHECK(key(R"({"uid":"a","r":2})", "") == key(R"({"uid":"a","r":1})", "x"));
  CHECK(key(R"({"r":1})", "x") == key_over("id|s||x|"));
  CHECK(key(R"({"r":1})", "") != key(R"({"r":2})", ""));
}

TEST_CASE("alert: a NUL inside node or id moves no text from one part of the key to another") {
  const auto mapping = Mapping::parse(R"({"identity":{"id":["/id"],"node":["/n"]},"fields":{"rule.id":["/id"]}})");
  const auto key = [&](const char* text) { return read_alert(text, "s", mapping, "", 0).key; };
  CHECK(key(R"({"n":"a\u0000b","id":"c"})") != key(R"({"n":"a","id":"b\u0000c"})"));
  CHECK(key(R"({"n":"","id":"\u0000"})") != key(R"({"n":"\u0000","id":""})"));
}

TEST_CASE("alert: rule ids that are integers are the same rule as their text") {
  const Alert text = read_patched("{}");
  const Alert number = read_patched(R"({"rule":{"id":5760}})");
  CHECK(number.key == text.key);
  CHECK(number.group == text.group);
  CHECK(read_patched(R"({"rule":{"id":5761}})").group != text.group);
  CHECK(read_patched(R"({"agent":{"name":"co8"}})").group != text.group);
}

TEST_CASE("alert: rule and host are told apart in the group, also where one holds the other's text") {
  CHECK(read_patched(R"({"rule":{"id":"1"},"agent":{"name":"23"}})").group !=
        read_patched(R"({"rule":{"id":"12"},"agent":{"name":"3"}})").group);
}

TEST_CASE("alert: a search hit is unwrapped, and is the same alert as its document") {
  const std::string hit = R"({"_index":"wazuh-alerts-4.x","_id":"doc-1","_source":)" + wazuh_text() + "}";
  const Alert alert = read(hit);
  CHECK(alert.bytes == hit);
  CHECK(alert.document.dump() == wazuh_text());
  CHECK(alert.key == read_patched("{}").key);
  CHECK(alert.id == "1726653704.812551");
  const std::string no_id = R"({"_id":"doc-1","_source":)" + wazuh_text(R"({"id":null})") + "}";
  CHECK(read(no_id).id == "doc-1");
  CHECK(read(no_id).key == read_patched(R"({"id":null})", "doc-1").key);
  CHECK(read(no_id, "doc-2").id == "doc-2");
}

TEST_CASE("alert: a _source that is no object is a member like any other") {
  CHECK(read_patched(R"({"_source":"syslog"})").document.contains("_source"));
  CHECK_THAT(refusal(R"({"_source":[{"rule":{"id":"1"}}]})"), ContainsSubstring("no alert"));
}

TEST_CASE("alert: only one hit is unwrapped, so that no depth of wrapping is followed") {
  CHECK_THAT(refusal(R"({"_source":{"_source":{"rule":{"id":"1"}}}})"), ContainsSubstring("no alert"));
}

TEST_CASE("alert: without a time of its own it has the fallback; the second place for it counts") {
  CHECK(read_patched(R"({"timestamp":null})").time_ms == kFallback);
  CHECK(read_patched(R"({"timestamp":"yesterday"})").time_ms == kFallback);
  CHECK(read_patched(R"({"timestamp":{"a":1},"@timestamp":"2024-09-18T10:01:44.788Z"})").time_ms == kRaised);
  CHECK(read_patched(R"({"timestamp":1726653704788})").time_ms == kRaised);
  CHECK(read_patched(R"({"timestamp":1726653704.788})").time_ms == kRaised);
}

TEST_CASE("alert: without a time no id is genuine, so the fallback never enters the key") {
  const std::string text = wazuh_text(R"({"timestamp":null})");
  CHECK(read_alert(text, "poll", wazuh(), "", 1).key == read_alert(text, "poll", wazuh(), "", 1'726'653'704'788).key);
}

TEST_CASE("alert: what is no alert is rejected, and says why") {
  CHECK(refusal("") == "the file is empty");
  for (const char* text : {"[]", "7", "\"text\"", "null", "true", R"([{"rule":{"id":"1"}}])"}) {
    CAPTURE(text);
    CHECK(refusal(text) == "not a JSON object");
  }
  for (const char* text : {"{}", R"({"rule":{}})", R"({"rule":"5760"})", R"({"rule":null})", R"({"_source":{}})",
                           R"({"rule":{"id":null,"level":"unknown"}})", R"({"rule":{"id":{"a":1}}})"}) {
    CAPTURE(text);
    CHECK_THAT(refusal(text), ContainsSubstring("no alert: it has neither"));
  }
  CHECK_THAT(refusal("not json"), ContainsSubstring("not JSON at byte"));
}

TEST_CASE("alert: any one of rule.id, rule.level, rule.name and rule.groups makes an alert") {
  for (const char* text : {R"({"rule":{"id":"1"}})", R"({"rule":{"level":0}})", R"({"rule":{"description":""}})",
                           R"({"rule":{"groups":[]}})"}) {
    CAPTURE(text);
    CHECK(refusal(text) == "accepted");
  }
}

TEST_CASE("alert: hostile text in every field gives a key like any other") {
  const Alert alert = read_patched(R"({"id":"../../etc/passwd\u0000\u001b[2J","manager":{"name":"\ud83d\udca5/\n"},
      "rule":{"id":"'; DROP TABLE ledger"},"agent":{"name":"\u202e"}})");
  CHECK(is_key(alert.key));
}

TEST_CASE("alert: bytes that are no alert have one key per source and content") {
  const auto x = sha256_hex("x");
  CHECK(rejected_key("a", x) == rejected_key("a", x));
  CHECK(rejected_key("a", x) != rejected_key("b", x));
  CHECK(rejected_key("a", x) != rejected_key("a", sha256_hex("y")));
  CHECK(is_key(rejected_key("", "")));
}

TEST_CASE("key: 32 lower-case hex digits and nothing else") {
  CHECK(is_key("00112233445566778899aabbccddeeff"));
  for (const char* bad :
       {"", "00112233445566778899aabbccddeef", "00112233445566778899aabbccddeeff0", "00112233445566778899AABBCCDDEEFF",
        "0x112233445566778899aabbccddeeff", "g0112233445566778899aabbccddeeff"}) {
    CAPTURE(bad);
    CHECK(!is_key(bad));
  }
}
