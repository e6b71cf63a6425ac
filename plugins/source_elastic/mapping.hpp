// SPDX-License-Identifier: Apache-2.0
//
// mapping.hpp - where an alert of Elastic Security 8 or 9 keeps the canonical fields (docs/formats/alert.md,
// docs/sources/elastic.md). [any-thread]
//
// Made from the published alert schema. In _source a name may be split at its dots or not
// (docs/adr/0008-elastic-source-as-it-is.md), which "dotted" takes care of. What the rule says stands under
// kibana.alert.*; rule.* and event.* are copies of the event's own, which an attacker may have written.
#pragma once

namespace source_elastic {

inline constexpr const char* kMapping = R"json({
  "name": "elastic",
  "dotted": true,
  "identity": { "id": ["/kibana/alert/uuid"] },
  "fields": {
    "time": ["/@timestamp"],
    "rule.id": ["/kibana/alert/rule/rule_id", "/kibana/alert/rule/uuid"],
    "rule.name": ["/kibana/alert/rule/name"],
    "rule.groups": ["/kibana/alert/rule/tags"],
    "rule.mitre.id": [
      "/kibana/alert/rule/threat/technique/id", "/kibana/alert/rule/threat/0/technique/0/id",
      "/kibana/alert/rule/parameters/threat/0/technique/0/id"
    ],
    "rule.mitre.tactic": [
      "/kibana/alert/rule/threat/tactic/name", "/kibana/alert/rule/threat/0/tactic/name",
      "/kibana/alert/rule/parameters/threat/0/tactic/name"
    ],
    "rule.mitre.technique": [
      "/kibana/alert/rule/threat/technique/name", "/kibana/alert/rule/threat/0/technique/0/name",
      "/kibana/alert/rule/parameters/threat/0/technique/0/name"
    ],
    "host.id": ["/host/id", "/agent/id"],
    "host.name": ["/host/name", "/host/hostname", "/agent/name"],
    "host.ip": ["/host/ip"],
    "user.name": [
      "/user/name", "/user/target/name", "/destination/user/name", "/source/user/name", "/user/effective/name"
    ],
    "source.ip": ["/source/ip", "/client/ip"],
    "source.port": ["/source/port", "/client/port"],
    "destination.ip": ["/destination/ip", "/server/ip"],
    "destination.port": ["/destination/port", "/server/port"],
    "file.path": ["/file/path", "/dll/path", "/registry/path"],
    "file.hash": [
      "/file/hash/sha256", "/file/hash/sha1", "/file/hash/md5",
      "/process/hash/sha256", "/process/hash/sha1", "/process/hash/md5"
    ],
    "process.executable": ["/process/executable"],
    "process.command_line": ["/process/command_line", "/process/args"],
    "process.parent.executable": ["/process/parent/executable"],
    "event.provider": ["/event/provider", "/winlog/provider_name", "/kibana/alert/original_event/provider"],
    "event.code": ["/event/code", "/winlog/event_id", "/kibana/alert/original_event/code"],
    "event.original": ["/event/original", "/message", "/kibana/alert/reason"],
    "observer.name": ["/observer/name", "/observer/hostname"],
    "decoder.name": ["/event/dataset", "/event/module"],
    "location": ["/log/file/path", "/data_stream/dataset"]
  },
  "level": {
    "fields": ["/kibana/alert/severity", "/kibana/alert/risk_score"], "from": 0, "to": 100,
    "words": { "low": 5, "medium": 8, "high": 12, "critical": 15 }
  }
})json";

}  // namespace source_elastic
