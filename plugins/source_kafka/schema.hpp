// SPDX-License-Identifier: Apache-2.0
//
// schema.hpp - the settings of source_kafka, as the host checks them before the plugin sees any. [any-thread]
#pragma once

namespace source_kafka {

inline constexpr const char* kSchema = R"json({
  "type": "object",
  "additionalProperties": false,
  "required": ["brokers", "topics"],
  "properties": {
    "brokers": {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1, "maxLength": 300},
      "description": "Brokers to ask first, each host:port; the others are learned from them. Name two or more."},
    "topics": {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1, "maxLength": 249},
      "description": "Topics to read, by their whole names; all partitions of each."},
    "start": {"type": "string", "default": "earliest", "minLength": 1,
      "description": "Where the very first run of a topic begins: earliest, latest, or a duration back such as 24h."},
    "member": {"type": "string", "default": "",
      "description": "Member of the message that holds the alert, object or JSON text. Empty: the whole message."},
    "tls": {"type": "boolean", "default": true,
      "description": "Talk TLS and check certificate and host name. false: plain text, for a network of its own only."},
    "ca_file": {"type": "string", "x-sf-path": true, "x-sf-must-exist": true,
      "description": "PEM file of the brokers' CA, alone trusted then. Absent: the system's store."},
    "client_cert": {"type": "string", "x-sf-path": true, "x-sf-must-exist": true,
      "description": "PEM client certificate, instead of or beside user and password."},
    "client_key": {"type": "string", "x-sf-path": true, "x-sf-must-exist": true,
      "description": "PEM key of client_cert."},
    "user": {"type": "string", "default": "",
      "description": "User for SASL. A user of its own, read only (docs/sources/kafka.md)."},
    "password": {"type": "string", "x-sf-secret": true,
      "description": "That user's password: { file = … } or { env = … }."},
    "mechanism": {"type": "string", "default": "SCRAM-SHA-512", "enum": ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"],
      "description": "SASL mechanism, where there is a user. PLAIN shows the broker the password: with tls only."},
    "timeout": {"type": "string", "x-sf-duration": true, "default": "10s", "minimum": 1000, "maximum": 300000,
      "description": "Deadline of one exchange with a broker, and of a connection."},
    "retry_for": {"type": "string", "x-sf-duration": true, "default": "60s", "maximum": 3600000,
      "description": "How long a run waits for a broker that does not answer before it goes on without it."},
    "max_message_bytes": {"type": "integer", "default": 1048576, "minimum": 1024, "maximum": 67108864,
      "description": "Largest message that is taken for an alert, decompressed; a larger one goes to quarantine, cut."}
  }
})json";

}  // namespace source_kafka
