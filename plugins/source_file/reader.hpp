// SPDX-License-Identifier: Apache-2.0
//
// reader.hpp - what reading lines and reading files have in common: one text becomes one push or one rejection.
#pragma once
#include <signalfoundry/plugin.hpp>

#include <algorithm>
#include <cstdint>
#include <string>

#include "../shared/cut_record.hpp"
#include "document.hpp"
#include "line_buffer.hpp"

namespace source_file {

class Reader {
 public:
  virtual ~Reader() = default;
  virtual void open(std::string_view position) = 0;
  virtual sf::Poll poll(const sf::Emitter& out, uint32_t max_records) = 0;
  // Tells whether what `path` names is there and can be read (sf::Source::preflight).
  virtual void preflight(const sf::Checks& out) = 0;
};

// False: the host has no room; offer the same again. `where` ("line at byte 17") begins the reason of a rejection.
inline bool hand_over(const sf::Emitter& out, std::string_view text, const std::string& where) {
  const auto document = find_document(text);
  if (document) return out.push(document->alert, document->id, "");
  const auto reason = why_no_object(text);
  if (reason.empty()) return out.push(text, "", "");
  out.reject(text, where + ": " + reason);
  return true;
}

// The same of a line of a file: a blank one is passed over, one that is too long is rejected by its beginning.
inline bool hand_over(const sf::Emitter& out, const LineBuffer::Line& line, const std::string& where) {
  const auto text = trimmed(line.begin == 0 ? without_mark(line.text) : line.text);
  if (line.whole) return text.empty() || hand_over(out, text, where);
  // Its place is no part of it: the same line may be read again under another name or number.
  const auto bytes = std::to_string(line.next - line.begin) + " bytes";
  out.reject(shared::cut_record(text, bytes + ", digest " + line.digest),
             where + ": " + bytes + " long, more than the " + std::to_string(kAlertBytesMax) +
                 " of an alert; only its beginning is kept here");
  return true;
}

// What failed, as a step. A file of a SIEM is most often closed to others and open to its group.
inline void tell(const sf::Checks& out, const char* step, const sf::Error& error) {
  const bool denied = error.code() == SF_DENIED;
  out.failed(step, error.code(), error.what(),
             denied
                 ? "let the user that runs this read it, by the file's group (ls -l tells it; alerts.json of a Wazuh "
                   "manager: usermod -aG wazuh USER), and each directory above it be entered"
                 : "correct path, or make what it names");
}

inline std::string age_of(const sf::Host& host, std::int64_t mtime_ns) {
  const auto s = std::max<std::int64_t>(host.now_ms() - mtime_ns / 1'000'000, 0) / 1000;
  return s < 7200 ? std::to_string(s) + " s" : std::to_string(s / 3600) + " hours";
}

}  // namespace source_file
