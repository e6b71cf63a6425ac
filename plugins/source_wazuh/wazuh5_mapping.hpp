// SPDX-License-Identifier: Apache-2.0
//
// wazuh5_mapping.hpp - where a Wazuh 5 finding keeps the canonical fields (docs/formats/alert.md,
// docs/sources/wazuh5.md). [any-thread]
//
// Made from the index templates and documentation of wazuh-indexer-plugins; no finding of a real site was to be had.
// What the event says (source, user, process, file …) is what an attacker can write, so host.* and observer.* come from
// wazuh.* alone, which the manager writes.
#pragma once

namespace source_wazuh {

inline constexpr const char* kWazuh5Mapping = R"json({
  "name": "wazuh-5",
  "dotted": true,
  "identity": { "id": [["/event/index", "/event/doc_id", "/wazuh/rule/id"]] },
  "fields": {
    "time": ["/@timestamp"],
    "rule.id": ["/wazuh/rule/id"],
    "rule.name": ["/wazuh/rule/title"],
    "rule.groups": ["/wazuh/rule/tags"],
    "rule.mitre.id": ["/wazuh/rule/mitre/technique/id", "/wazuh/rule/mitre/subtechnique/id"],
    "rule.mitre.tactic": ["/wazuh/rule/mitre/tactic/name", "/wazuh/rule/mitre/tactic/id"],
    "rule.mitre.technique": ["/wazuh/rule/mitre/technique/name", "/wazuh/rule/mitre/subtechnique/name"],
    "host.id": ["/wazuh/agent/id"],
    "host.name": ["/wazuh/agent/name", "/wazuh/agent/host/name", "/wazuh/agent/host/hostname"],
    "host.ip": ["/wazuh/agent/host/ip"],
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
    "process.command_line": ["/process/command_line"],
    "process.parent.executable": ["/process/parent/executable"],
    "event.provider": ["/event/provider"],
    "event.code": ["/event/code"],
    "event.original": ["/event/original", "/message"],
    "observer.name": ["/wazuh/cluster/node", "/wazuh/cluster/name"],
    "decoder.name": ["/wazuh/integration/name", "/wazuh/integration/decoders"],
    "location": ["/wazuh/protocol/location"]
  },
  "level": {
    "fields": ["/wazuh/rule/level"],
    "words": { "informational": 3, "low": 5, "medium": 8, "high": 12, "critical": 15 }
  }
})json";

}  // namespace source_wazuh
