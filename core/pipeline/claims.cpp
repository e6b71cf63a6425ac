// SPDX-License-Identifier: Apache-2.0
#include "pipeline/claims.hpp"

#include <string>
#include <unordered_set>

namespace signalfoundry::pipeline {

namespace {

using Keys = std::unordered_set<std::string>;

bool claims(const Item& item) {
  return item.state == Item::State::rejected && item.row && item.other_bytes;
}

// Of `keys`, those that a file of these folders claims that is none of `taken`, which are in active/.
Keys claimed_elsewhere(const queue::StateDir& dirs, const Keys& keys, const Keys& taken) {
  Keys out;
  for (const auto* dir : {&dirs.queue, &dirs.active, &dirs.accept})
    dir->list([&](const fs::Listed& entry) {
      const auto name = queue::parse_name(entry.name);
      const bool ours = dir == &dirs.active && taken.contains(std::string(entry.name));
      if (name && entry.kind == fs::Kind::file && keys.contains(name->key) && !ours) out.insert(name->key);
      return out.size() < keys.size();
    });
  return out;
}

}  // namespace

void disown(const Context& context, Item& item) {
  item.row.reset();
  item.source = kDropIn;
  item.mapping = context.drop_in_mapping;
  item.accepted_sha256.clear();
  item.accepted_id.clear();
}

void settle_claims(const Context& context, std::vector<Item>& items) {
  Keys keys;
  Keys names;
  for (const auto& item : items) {
    if (!claims(item)) continue;
    keys.insert(item.row->key);
    names.insert(item.name);
  }
  if (keys.empty()) return;
  Keys spoken_for = claimed_elsewhere(context.queue.dirs(), keys, names);
  for (auto& item : items) {
    // The first of several has the key, as long as no file that was not looked at yet claims it.
    if (!claims(item) || spoken_for.insert(item.row->key).second) continue;
    disown(context, item);
    item.key = rejected_key(item.source, item.digest());
  }
}

}  // namespace signalfoundry::pipeline
