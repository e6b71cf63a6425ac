// SPDX-License-Identifier: Apache-2.0
//
// reader.hpp - what reading lines and reading files have in common: one text becomes one push or one rejection.
#pragma once
#include <signalfoundry/plugin.hpp>

#include "document.hpp"

namespace source_file {

class Reader {
 public:
  virtual ~Reader() = default;
  virtual void open(std::string_view position) = 0;
  virtual sf::Poll poll(const sf::Emitter& out, uint32_t max_records) = 0;
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

}  // namespace source_file
