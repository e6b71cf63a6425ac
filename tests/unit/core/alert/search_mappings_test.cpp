// SPDX-License-Identifier: Apache-2.0
//
// Goal: what source_wazuh (wazuh-5) and source_elastic declare is a mapping, reads a document of each shape, and gives
// an alert one key however often and in whatever state it comes.
#include <string>

#include "../../../../plugins/source_elastic/mapping.hpp"
#include "../../../../plugins/source_wazuh/wazuh5_mapping.hpp"
#include "alert/alert.hpp"
#include "support/catch.h"

using signalfoundry::Alert;
using signalfoundry::Field;
using signalfoundry::Json;
using signalfoundry::Mapping;
using signalfoundry::read_alert;

namespace {

Alert read(const char* mapping, const Json& document, const char* doc_id = "doc") {
  return read_alert(document.dump(), "poll", Mapping::parse(mapping), doc_id, 7);
}

std::string field(const Alert& alert, Field which) {
  const Json* value = alert.mapping->find(which, alert.document);
  return value == nullptr ? "nothing" : value->dump();
}

const Json kFinding = Json::parse(R"({
  "@timestamp":"2026-11-18T09:12:44.500Z",
  "event":{"index":".ds-wazuh-events-v5-system-activity-000003","doc_id":"AZ","original":"sshd: x","code":"4"},
  "wazuh":{"rule":{"id":"7f9","title":"t","level":"high","tags":["attack.t1110"],
                   "mitre":{"technique":{"id":["T1110"],"name":["Brute Force"]},
                            "tactic":{"name":["Credential Access"]}}},
           "agent":{"id":"001","name":"web-01","host":{"ip":["10.0.0.1"]}},"cluster":{"name":"c","node":"n1"},
           "integration":{"name":"sshd","category":"access-management"},"protocol":{"location":"journald"}},
  "source":{"ip":"192.0.2.7","port":4711},"host":{"name":"what the event says"}})");

const Json kSignal = Json::parse(R"({
  "@timestamp":"2026-11-18T09:12:44.500Z","kibana.alert.uuid":"u-1","kibana.alert.severity":"medium",
  "kibana.alert.risk_score":99,"kibana.alert.rule.rule_id":"r-1","kibana.alert.rule.uuid":"so-1",
  "kibana.alert.rule.name":"t","kibana.alert.rule.tags":["Domain: Endpoint"],"kibana.alert.workflow_status":"open",
  "kibana.alert.rule.threat":[{"framework":"MITRE ATT&CK","tactic":{"name":"Execution"},
                               "technique":[{"id":"T1059","name":"n"}]}],
  "host":{"name":"web-01"},"process":{"command_line":"a -b","parent.executable":"/bin/sh"},"source.ip":"192.0.2.7"})");

}  // namespace

TEST_CASE("wazuh-5 mapping: a finding's canonical fields; host and observer are what the manager says") {
  const auto alert = read(source_wazuh::kWazuh5Mapping, kFinding);
  CHECK(alert.level == 12);
  CHECK(alert.time_ms == 1'794'993'164'500);
  CHECK(field(alert, Field::rule_id) == "\"7f9\"");
  CHECK(field(alert, Field::rule_groups) == R"(["attack.t1110"])");
  CHECK(field(alert, Field::rule_mitre_id) == R"(["T1110"])");
  CHECK(field(alert, Field::host_name) == "\"web-01\"");
  CHECK(field(alert, Field::observer_name) == "\"n1\"");
  CHECK(field(alert, Field::source_port) == "4711");
  CHECK(field(alert, Field::decoder_name) == "\"sshd\"");
  CHECK(field(alert, Field::location) == "\"journald\"");
}

TEST_CASE("wazuh-5 mapping: words of severity are levels in the band of the same word") {
  for (const auto& [word, level] :
       {std::pair("informational", 3), {"low", 5}, {"medium", 8}, {"high", 12}, {"critical", 15}}) {
    Json finding = kFinding;
    finding["wazuh"]["rule"]["level"] = word;
    CHECK(read(source_wazuh::kWazuh5Mapping, finding).level == level);
    CHECK(signalfoundry::severity_word(level) == word);
  }
  Json finding = kFinding;
  finding["wazuh"]["rule"]["level"] = "odd";
  CHECK_FALSE(read(source_wazuh::kWazuh5Mapping, finding).level);
}

TEST_CASE("wazuh-5 mapping: a finding is its event and its rule, whatever id it was stored under") {
  const auto key = read(source_wazuh::kWazuh5Mapping, kFinding, "a").key;
  Json other = kFinding;
  other["wazuh"]["case"] = {{"status", "ACKNOWLEDGED"}, {"comment", "mine"}};
  other["wazuh"]["cluster"]["node"] = "n2";
  const auto again = read(source_wazuh::kWazuh5Mapping, other, "b");
  CHECK(again.key == key);
  CHECK(again.id == ".ds-wazuh-events-v5-system-activity-000003/AZ/7f9");
  other["wazuh"]["rule"]["id"] = "7fa";
  CHECK(read(source_wazuh::kWazuh5Mapping, other, "a").key != key);
  other = kFinding;
  other["event"].erase("doc_id");
  CHECK(read(source_wazuh::kWazuh5Mapping, other, "a").id == "a");
}

TEST_CASE("elastic mapping: names that are split at their dots and names that are not") {
  const auto alert = read(source_elastic::kMapping, kSignal);
  CHECK(alert.id == "u-1");
  CHECK(alert.level == 8);
  CHECK(field(alert, Field::rule_id) == "\"r-1\"");
  CHECK(field(alert, Field::rule_mitre_id) == "\"T1059\"");
  CHECK(field(alert, Field::rule_mitre_tactic) == "\"Execution\"");
  CHECK(field(alert, Field::host_name) == "\"web-01\"");
  CHECK(field(alert, Field::source_ip) == "\"192.0.2.7\"");
  CHECK(field(alert, Field::process_parent_executable) == "\"/bin/sh\"");
}

TEST_CASE("elastic mapping: who works on an alert in Kibana does not make another of it") {
  Json other = kSignal;
  other["kibana.alert.workflow_status"] = "closed";
  other["kibana.alert.workflow_status_updated_at"] = "2026-11-19T00:00:00Z";
  other["@timestamp"] = "2026-11-19T00:00:00.000Z";
  CHECK(read(source_elastic::kMapping, other, "b").key == read(source_elastic::kMapping, kSignal, "a").key);
  other.erase("kibana.alert.severity");
  CHECK(read(source_elastic::kMapping, other).level == 14);
}
