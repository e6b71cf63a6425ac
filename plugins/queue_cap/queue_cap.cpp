// SPDX-License-Identifier: Apache-2.0
#include "queue_cap.hpp"

#include <nlohmann/json.hpp>

namespace queue_cap {

namespace {

constexpr int64_t kLookMaxAgeMs = 60'000;  // so soon at the latest are drop-ins of other processes seen

}  // namespace

void QueueCap::configure(const sf::Host& host, std::string_view settings) {
  host_ = host;
  const auto json = nlohmann::json::parse(settings);
  selection_.emplace(Limits{json.value("cap", uint32_t{2000}), json.value("share", uint32_t{25}),
                            json.value("oldest_reserve", uint32_t{10})});
}

bool QueueCap::look(uint32_t mode) {
  return host_.scan_queue(mode, [&](const sf_waiting& one) {
    ++waiting_;
    selection_->add({sf::from_c(one.name), one.time_ms, one.group, one.severity});
    return true;
  });
}

void QueueCap::begin() {
  const auto now = host_.monotonic_ms();
  const bool whole = !looked_ms_ || now - *looked_ms_ > kLookMaxAgeMs || selection_->used_up();
  if (whole || !look(SF_SCAN_NEW)) {
    looked_ms_.reset();  // until the look is done
    selection_->clear();
    waiting_ = 0;
    look(SF_SCAN_ALL);
    looked_ms_ = now;
  }

  uint64_t active = 0;
  for (const auto& name : selection_->take())
    if (host_.admit(name)) ++active;
  waiting_ -= std::min(waiting_, active);
  host_.gauge("queue_active", static_cast<double>(active));
  host_.gauge("queue_deferred", static_cast<double>(waiting_));
}

}  // namespace queue_cap

SF_STAGE_PLUGIN(
    queue_cap::QueueCap, .id = "queue_cap", .version = "1.0.0",
    .summary = "Bounds a run: severe alerts first, then the oldest, and no rule or host starves the others.",
    .license = "Apache-2.0", .config_schema = queue_cap::kSchema);
