// SPDX-License-Identifier: Apache-2.0
#include "books/behind.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace signalfoundry::books {

namespace {

constexpr std::uint64_t kHeartbeatBytesMax = 16U << 20U;

std::string blob_of(const store::Head& head) {
  return "behind:" + head.hash;
}

}  // namespace

Json last_heartbeat(const queue::StateDir& dirs) {
  Json json = dirs.root.read("heartbeat.json", kHeartbeatBytesMax)
                  .match([](const fs::Content& c) { return Json::parse(c.bytes, nullptr, false); },
                         [](fs::Gone) { return Json(); });
  return json.is_object() ? json : Json();
}

store::Head head_of(const Json& heartbeat) {
  const Json ledger = heartbeat.is_object() ? heartbeat.value("ledger", Json()) : Json();
  store::Head out;
  if (!ledger.is_object()) return out;
  const Json entries = ledger.value("entries", Json());
  const Json hash = ledger.value("head", Json());
  if (entries.is_number_integer() && hash.is_string()) {
    out.entries = entries.get<std::int64_t>();
    out.hash = hash.get<std::string>();
  }
  return out;
}

std::string behind(const store::Head& last, store::Store& store) {
  if (last.entries <= 0) return {};
  const auto line = store.entry(last.entries);
  const auto link = line ? store::check_entry(*line) : std::nullopt;
  if ((link && link->hash == last.hash) || store.blob(blob_of(last))) return {};
  return fmt::format(
      "state.db is not the one of the last run: heartbeat.json names ledger entry {} with the hash {}, which this "
      "ledger {}. Where an older state.db was restored, run `signalfoundry reconcile PIPELINE.toml --repair --yes` "
      "first (docs/operations/backup.md): a run would give numbers out again, and decide anew what has a verdict.",
      last.entries, printable(last.hash, 64),
      line ? "has not" : fmt::format("ends before, at {}", store.head().entries));
}

void accept_behind(const queue::StateDir& dirs, store::Store& store) {
  const auto last = head_of(last_heartbeat(dirs));
  if (last.entries <= 0) return;
  store.begin();
  try {
    store.put_blob(blob_of(last), "accepted");
    store.commit();
  } catch (...) {
    store.rollback();
    throw;
  }
}

}  // namespace signalfoundry::books
