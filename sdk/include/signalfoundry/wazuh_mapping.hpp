// SPDX-License-Identifier: Apache-2.0
//
// wazuh_mapping.hpp - where a Wazuh 4 alert keeps the canonical fields (docs/formats/alert.md), for the sources that
// bring Wazuh alerts and for the runner's drop-ins. [any-thread]
//
// Under each field, the most specific place first. What an agent's decoder wrote stands before what a module wrote;
// data.* is what an attacker can write, so host.* and observer.* never come from there.
#pragma once

namespace sf __attribute__((visibility("hidden"))) {

  inline constexpr const char* kWazuhMapping = R"json({
  "name": "wazuh-4",
  "identity": {
    "id": ["/id"],
    "node": ["/cluster/node", "/manager/name"],
    "id_seconds": true,
    "ignore": ["/@timestamp", "/GeoLocation", "/input"]
  },
  "fields": {
    "time": ["/timestamp", "/@timestamp"],
    "rule.id": ["/rule/id"],
    "rule.name": ["/rule/description"],
    "rule.groups": ["/rule/groups"],
    "rule.mitre.id": ["/rule/mitre/id"],
    "rule.mitre.tactic": ["/rule/mitre/tactic", "/rule/mitre/tactics"],
    "rule.mitre.technique": ["/rule/mitre/technique"],
    "host.id": ["/agent/id"],
    "host.name": ["/agent/name", "/agent/hostname"],
    "host.ip": ["/agent/ip"],
    "user.name": [
      "/data/dstuser", "/data/srcuser",
      "/data/win/eventdata/targetUserName", "/data/win/eventdata/user", "/data/win/eventdata/subjectUserName",
      "/syscheck/audit/effective_user/name", "/syscheck/audit/user/name", "/syscheck/audit/login_user/name",
      "/data/aws/userIdentity/userName", "/data/office365/UserId", "/data/github/actor",
      "/data/osquery/columns/username"
    ],
    "source.ip": [
      "/data/srcip", "/data/src_ip", "/data/win/eventdata/ipAddress", "/data/win/eventdata/sourceIp",
      "/data/aws/sourceIPAddress", "/data/office365/ClientIP", "/data/osquery/columns/src_ip"
    ],
    "source.port": ["/data/srcport", "/data/src_port", "/data/win/eventdata/ipPort", "/data/win/eventdata/sourcePort"],
    "destination.ip": [
      "/data/dstip", "/data/dest_ip", "/data/win/eventdata/destinationIp", "/data/osquery/columns/dst_ip"
    ],
    "destination.port": ["/data/dstport", "/data/dest_port", "/data/win/eventdata/destinationPort"],
    "file.path": [
      "/syscheck/path", "/data/win/eventdata/targetFilename", "/data/win/eventdata/imageLoaded",
      "/data/audit/file/name",
      "/data/virustotal/source/file", "/data/YARA/scanned_file", "/data/file", "/data/osquery/columns/path"
    ],
    "file.hash": [
      "/syscheck/sha256_after", "/syscheck/sha1_after", "/syscheck/md5_after", "/data/win/eventdata/hashes",
      "/data/virustotal/source/sha1", "/data/virustotal/source/md5"
    ],
    "process.executable": [
      "/data/win/eventdata/image", "/data/win/eventdata/newProcessName", "/data/win/eventdata/processName",
      "/data/win/eventdata/sourceImage", "/data/audit/exe", "/syscheck/audit/process/name"
    ],
    "process.command_line": [
      "/data/win/eventdata/commandLine", "/data/audit/execve", "/data/audit/command", "/data/command"
    ],
    "process.parent.executable": [
      "/data/win/eventdata/parentImage", "/data/win/eventdata/parentProcessName", "/syscheck/audit/process/parent_name"
    ],
    "event.provider": ["/data/win/system/providerName"],
    "event.code": ["/data/win/system/eventID"],
    "event.original": ["/full_log", "/data/win/system/message"],
    "observer.name": ["/manager/name", "/cluster/node"],
    "decoder.name": ["/decoder/name"],
    "location": ["/location"]
  },
  "level": { "fields": ["/rule/level"], "from": 0, "to": 15 }
})json";

}  // namespace )
