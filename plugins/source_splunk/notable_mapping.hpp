// SPDX-License-Identifier: Apache-2.0
//
// notable_mapping.hpp - where a notable event of Splunk Enterprise Security keeps the canonical fields
// (docs/formats/alert.md), as the export endpoint gives it: flat, dots in the names. [any-thread]
//
// Sources: docs.splunk.com, "Notable Event Framework in Splunk ES" (event_id, rule_name, urgency, …) and the Common
// Information Model's names for what a correlation search copies (src, dest, user, process, …). A notable's `rule_id`
// is its event_id under another name, and its `host` is the search head: neither is read. `urgency` (severity and the
// asset's priority) is there only where the search goes through the `notable` macro; else `severity` counts.
#pragma once

namespace source_splunk {

inline constexpr const char* kNotableMapping = R"json({
  "name": "splunk-notable",
  "identity": { "id": ["/event_id"] },
  "fields": {
    "time": ["/sf_time"],
    "rule.id": ["/search_name", "/source"],
    "rule.name": ["/rule_title", "/rule_name", "/search_name"],
    "rule.groups": ["/security_domain"],
    "rule.mitre.id": ["/annotations.mitre_attack.mitre_technique_id", "/annotations.mitre_attack"],
    "rule.mitre.tactic": ["/annotations.mitre_attack.mitre_tactic"],
    "rule.mitre.technique": ["/annotations.mitre_attack.mitre_technique"],
    "host.name": ["/dest_host", "/dest_nt_host", "/dest", "/dvc", "/orig_host"],
    "host.ip": ["/dest_ip"],
    "user.name": ["/user", "/src_user"],
    "source.ip": ["/src_ip", "/src"],
    "source.port": ["/src_port"],
    "destination.ip": ["/dest_ip", "/dest"],
    "destination.port": ["/dest_port"],
    "file.path": ["/file_path", "/file_name"],
    "file.hash": ["/file_hash"],
    "process.executable": ["/process_path", "/process_exec", "/process_name"],
    "process.command_line": ["/process"],
    "process.parent.executable": ["/parent_process_path", "/parent_process_exec", "/parent_process_name"],
    "event.code": ["/signature_id"],
    "event.original": ["/orig_raw", "/_raw"],
    "observer.name": ["/splunk_server"],
    "decoder.name": ["/orig_sourcetype"],
    "location": ["/orig_source", "/source"]
  },
  "level": {
    "fields": ["/urgency", "/severity"],
    "words": { "informational": 3, "info": 3, "low": 5, "medium": 8, "high": 12, "critical": 15 }
  }
})json";

}  // namespace source_splunk
