// SPDX-License-Identifier: Apache-2.0
#include "conformance/transcript.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/text.hpp"
#include "conformance/finding.hpp"

namespace signalfoundry::conformance {

const char* status_name(Status status) {
  constexpr std::array names = {"passed", "failed", "skipped", "warning", "crashed"};
  return names.at(static_cast<std::size_t>(status));
}

const char* status_word(sf_status status) {
  constexpr std::array<std::pair<sf_status, const char*>, 17> kWords = {{{SF_OK, "SF_OK"},
                                                                         {SF_AGAIN, "SF_AGAIN"},
                                                                         {SF_END, "SF_END"},
                                                                         {SF_VANISHED, "SF_VANISHED"},
                                                                         {SF_FULL, "SF_FULL"},
                                                                         {SF_CANCELLED, "SF_CANCELLED"},
                                                                         {SF_ABSENT, "SF_ABSENT"},
                                                                         {SF_CHANGED, "SF_CHANGED"},
                                                                         {SF_EXISTS, "SF_EXISTS"},
                                                                         {SF_TOO_LARGE, "SF_TOO_LARGE"},
                                                                         {SF_UNSUPPORTED, "SF_UNSUPPORTED"},
                                                                         {SF_INVALID, "SF_INVALID"},
                                                                         {SF_DENIED, "SF_DENIED"},
                                                                         {SF_RETRY, "SF_RETRY"},
                                                                         {SF_FAILED, "SF_FAILED"},
                                                                         {SF_FATAL, "SF_FATAL"},
                                                                         {SF_PANIC, "SF_PANIC"}}};
  for (const auto& [value, word] : kWords)
    if (value == status) return word;
  return "unknown";
}

std::set<std::string> Transcript::keys() const {
  std::set<std::string> out(rejected.begin(), rejected.end());
  for (const auto& one : pushed) out.insert(one.key);
  return out;
}

std::set<std::string> Transcript::ids() const {
  std::set<std::string> out;
  for (const auto& one : pushed) out.insert(one.id);
  return out;
}

std::string Transcript::ending() const {
  if (status >= 0) return fmt::format("{} ended with {}", hook, status_word(status));
  return fmt::format("{} failed with {}: {}", hook, status_word(status), printable(sentence, 300));
}

}  // namespace signalfoundry::conformance
