// SPDX-License-Identifier: Apache-2.0
//
// policy_check.hpp - what is wrong between the parts of a policy: things that contradict each other or can never
// happen.
//
// Used while a policy is loaded; one thread.
#pragma once
#include "policy_spec.hpp"
#include "table_reader.hpp"

namespace triage_policy {

// `given`: where thresholds stand in the file, for those that do.
struct ThresholdPlaces {
  std::optional<Place> known_fp_max_level;
  std::optional<Place> benign_max_level;
};
// A threshold above the one that decides before it is refused where it was written, lowered where it is a default.
void check_thresholds(Thresholds& thresholds, const ThresholdPlaces& given, Problems& problems);
// Rules and groups that two layers claim, and entries that an earlier layer never lets through.
void check_overlaps(const PolicySpec& spec, Problems& problems);

}  // namespace triage_policy
