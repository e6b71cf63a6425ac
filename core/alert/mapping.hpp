// SPDX-License-Identifier: Apache-2.0
//
// mapping.hpp - where a SIEM's documents hold the canonical fields (docs/formats/alert.md). Immutable. [any-thread]
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/json.hpp"

namespace signalfoundry {

// The canonical view. Names: field_name().
enum class Field : std::uint8_t {
  time,
  rule_id,
  rule_name,
  rule_level,
  rule_groups,
  rule_mitre_id,
  rule_mitre_tactic,
  rule_mitre_technique,
  severity,
  host_id,
  host_name,
  host_ip,
  user_name,
  source_ip,
  source_port,
  destination_ip,
  destination_port,
  file_path,
  file_hash,
  process_executable,
  process_command_line,
  process_parent_executable,
  event_provider,
  event_code,
  event_original,
  observer_name,
  decoder_name,
  location,
  count
};
std::string_view field_name(Field field);  // "rule.id"
std::optional<Field> field_of(std::string_view name);

// A JSON pointer (RFC 6901), split once.
class Pointer {
 public:
  // Nothing: not a pointer.
  static std::optional<Pointer> parse(std::string_view text);
  const Json* find(const Json& document) const;
  // The same where a name may stand for several parts, joined by dots: "/a/b" also finds {"a.b": …}. Split names first.
  const Json* find_dotted(const Json& document) const;
  void erase_from(Json& document) const;

 private:
  std::vector<std::string> tokens_;
};

class Mapping {
 public:
  // Throws std::invalid_argument with a sentence when `text` is not a mapping.
  static std::shared_ptr<const Mapping> parse(std::string_view text);

  const std::string& name() const { return name_; }
  const std::string& text() const { return text_; }
  const std::string& digest() const { return digest_; }  // of the text: the first 16 hex digits of its SHA-256
  // The value of a field, as it stands in the document: a scalar, or an array (not for time and rule_level); null where
  // there is none. Not for `severity`; `rule_level` is the raw value.
  const Json* find(Field field, const Json& document) const;
  // rule.level on the scale 0..15.
  std::optional<int> level(const Json& document) const;

  // The SIEM's own id, "" where there is none. One of several parts is written as a JSON pointer, so that no two lists
  // of parts give one id.
  std::string id(const Json& document) const;
  std::string node(const Json& document) const;  // the SIEM node that gave the id, or ""
  bool id_seconds() const { return id_seconds_; }
  // The document's canonical JSON without what the ingest pipeline adds.
  std::string comparable(const Json& document) const;

 private:
  void read(const Json& mapping);
  void read_ids(const Json& list);
  const Json* at(const Pointer& pointer, const Json& document) const;
  enum class Want : std::uint8_t { scalar, scalar_or_list };
  const Json* first(const std::vector<Pointer>& pointers, const Json& document, Want want) const;
  std::optional<int> level_of(const Json& value) const;

  std::string name_;
  std::string text_;
  std::string digest_;
  std::array<std::vector<Pointer>, static_cast<std::size_t>(Field::count)> fields_;
  std::vector<std::vector<Pointer>> ids_;  // each the parts of one
  std::vector<Pointer> nodes_;
  std::vector<Pointer> ignored_;
  bool id_seconds_ = false;
  bool dotted_ = false;
  double level_from_ = 0;
  double level_to_ = 15;
  std::map<std::string, int, std::less<>> level_words_;
};

// "informational", "low", "medium", "high", "critical" for 0..15.
std::string_view severity_word(int level);

}  // namespace signalfoundry
