// SPDX-License-Identifier: Apache-2.0
#include "reconcile.hpp"

#include <nlohmann/json.hpp>

namespace reconcile {

namespace {

// "missing_case: 2, foreign: 1"
std::string named(const nlohmann::json& categories) {
  std::string out;
  if (!categories.is_object()) return out;
  for (const auto& [name, count] : categories.items())
    if (count != 0) out += (out.empty() ? "" : ", ") + name + ": " + count.dump();
  return out;
}

}  // namespace

void Reconcile::configure(const sf::Host& host, std::string_view settings) {
  host_ = host;
  scope_ = nlohmann::json::parse(settings).value("scope", std::string("run"));
}

void Reconcile::end() {
  const auto result = nlohmann::json::parse(host_.reconcile(scope_), nullptr, false);
  if (!result.is_object() || !result.contains("mismatches") || !result["mismatches"].is_number_unsigned())
    throw sf::Error(SF_FAILED,
                    "the runner's answer to the check of its books could not be read; run `signalfoundry reconcile`");
  const auto mismatches = result["mismatches"].get<uint64_t>();
  host_.gauge("reconcile_mismatches", static_cast<double>(mismatches));
  if (mismatches == 0) return;
  const auto categories = named(result.value("categories", nlohmann::json::object()));
  host_.warn("the books do not balance: " + std::to_string(mismatches) +
             (mismatches == 1 ? " mismatch" : " mismatches") + (categories.empty() ? "" : " (" + categories + ")") +
             "; run `signalfoundry reconcile` with this pipeline to see each one and what would repair it");
}

}  // namespace reconcile

SF_STAGE_PLUGIN(reconcile::Reconcile, .id = "reconcile", .version = "1.0.0",
                .summary = "Checks the ledger against queue, cases, packs and quarantine at the end of a run.",
                .license = "Apache-2.0", .config_schema = reconcile::kSchema);
