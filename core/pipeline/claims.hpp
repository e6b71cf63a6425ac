// SPDX-License-Identifier: Apache-2.0
//
// claims.hpp - files whose names claim the key of an alert, and whose bytes are not those that were accepted.
//
// queue/ is open to drop-ins, so anybody may give a file the name of a waiting alert. Such a file never takes the place
// of the alert while another file claims to be it: it is judged as what it is, bytes of its own. Only the last that is
// left stands for the alert, which then has been changed in the queue, and goes to quarantine.
#pragma once
#include <vector>

#include "pipeline/context.hpp"
#include "pipeline/item.hpp"

namespace signalfoundry::pipeline {

// Makes the item a drop-in like any other. Thread: any.
void disown(const Context& context, Item& item);

// Disowns, of the rejected items with other bytes than those accepted, all that another file of the batch or of queue/,
// active/ or .accept/ stands beside. Lists those folders when there are such items. Thread: the coordinator.
void settle_claims(const Context& context, std::vector<Item>& items);

}  // namespace signalfoundry::pipeline
