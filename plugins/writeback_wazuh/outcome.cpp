// SPDX-License-Identifier: Apache-2.0
#include "outcome.hpp"

#include <signalfoundry/error.hpp>

#include <cstdint>
#include <nlohmann/json.hpp>

#include "../shared/safe_text.hpp"
#include "json_member.hpp"

namespace writeback_wazuh {

namespace {

// Of an item; 0 where it has none.
unsigned status_of(const nlohmann::json& item) {
  const auto* status = member(&item, "status");
  if (status == nullptr || !status->is_number_unsigned() || *status > 599) return 0;
  return status->get<unsigned>();
}

}  // namespace

std::string reason_of(const nlohmann::json& answer) {
  const auto* error = member(&answer, "error");
  if (error == nullptr) error = member(&answer, "message");
  const auto* reason = text(error) != nullptr ? text(error) : text(member(error, "reason"));
  return reason == nullptr ? "" : shared::printable(*reason, 200);
}

// A block on an index is a 403, too, and no fault of the role (ClusterBlockException of OpenSearch).
Outcome::Fault& Outcome::fault_of(unsigned status, const std::string& reason) {
  const bool blocked = reason.find("blocked by") != std::string::npos;
  if (status == 409) return changed_;
  if (status == 401 || (status == 403 && !blocked)) return denied_;
  return blocked || status == 0 || status == 408 || status == 429 || status >= 500 ? passing_ : refused_;
}

void Outcome::add(const std::string& body, std::size_t count) {
  asked_ += count;
  const auto answer = nlohmann::json::parse(body, nullptr, false);
  const auto* errors = member(&answer, "errors");
  const auto* items = member(&answer, "items");
  const bool good = errors != nullptr && *errors == false;
  std::size_t failed = 0;
  if (errors != nullptr && *errors == true && items != nullptr && items->is_array())
    for (const auto& item : *items) {
      const auto status = status_of(item);
      if (status >= 200 && status < 300) continue;
      const auto reason = reason_of(item);
      auto& fault = fault_of(status, reason);
      if (fault.count++ == 0) fault.first = "(" + std::to_string(status) + (reason.empty() ? "" : " " + reason) + ")";
      ++failed;
    }
  if (!good && (failed == 0 || failed > count))
    throw sf::Error(SF_RETRY,
                    who_ + " gave an answer that is not understood to the change of a case; see what stands at url");
  done_ += count - failed;
}

std::string Outcome::so_many(const Fault& fault) const {
  return std::to_string(fault.count) + " of " + std::to_string(asked_) + " documents of a finding";
}

void Outcome::settle(bool last_look) const {
  if (denied_.count != 0)
    throw sf::Error(SF_DENIED, who_ + " does not let this user change " + so_many(denied_) + " " + denied_.first +
                                   "; give its role the permissions of docs/sources/wazuh5.md");
  if (passing_.count != 0)
    throw sf::Error(SF_AGAIN, who_ + " cannot change " + so_many(passing_) + " now " + passing_.first +
                                  "; see the cluster's health");
  if (changed_.count != 0 && !last_look) return;
  if (changed_.count != 0)
    throw sf::Error(SF_AGAIN, who_ + " does not come to change " + so_many(changed_) +
                                  ", which somebody else changes meanwhile " + changed_.first +
                                  "; the next run looks again");
  if (refused_.count != 0)
    throw sf::Error(SF_FAILED,
                    who_ + " refuses to change " + so_many(refused_) + " " + refused_.first + "; see its log");
}

}  // namespace writeback_wazuh
