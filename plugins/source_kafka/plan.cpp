// SPDX-License-Identifier: Apache-2.0
#include "plan.hpp"

#include <algorithm>

namespace source_kafka {

Plan plan(const Known& known, Marks marks) {
  if (!known.place) {
    if (known.topic_was_read) return {Plan::Why::new_partition, marks.low, marks.low, false};
    return {Plan::Why::first, std::clamp(known.start_offset, marks.low, std::max(marks.low, marks.high)), 0, false};
  }
  const auto next = known.place->next;
  if (known.place->other_log || next > marks.high) return {Plan::Why::other_log, marks.low, -1, false};
  if (next < marks.low) return {Plan::Why::removed, marks.low, marks.low - next, false};
  return {Plan::Why::resumed, next, 0, next > marks.low && known.place->last_ms >= 0};
}

std::string gap_sentence(const Plan& plan, const std::string& topic, std::int32_t partition, const Known& known,
                         Marks marks) {
  const auto where = topic + "/" + std::to_string(partition);
  const auto on = "; reading goes on at offset " + std::to_string(plan.from);
  if (plan.why == Plan::Why::other_log)
    return where + " is not the log that was read before (the next offset was " +
           std::to_string(known.place ? known.place->next : 0) + ", it now holds " + std::to_string(marks.low) +
           " to " + std::to_string(marks.high) +
           "): the topic or cluster was made anew, or lost its end. What it held unread is missing" + on +
           ", its earliest; look for the alerts in the SIEM";
  return std::to_string(plan.missing) + " records of " + where + " were removed before they were read (offsets " +
         std::to_string(plan.from - plan.missing) + " to " + std::to_string(plan.from - 1) + ")" + on +
         "; lengthen the topic's retention, or run more often";
}

}  // namespace source_kafka
