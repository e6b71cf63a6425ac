// SPDX-License-Identifier: Apache-2.0
#include "books/reconcile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>

#include "alert/alert.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "books/dated.hpp"
#include "queue/queue.hpp"

namespace signalfoundry::books {

namespace {

using store::AlertRow;
using store::AlertState;
using store::Count;
using Key = std::array<std::uint8_t, 16>;

// The keys that a folder's names speak of, sorted; asked once per key, in order.
class KeySet {
 public:
  void add(std::string_view text) {
    Key key{};
    if (from_hex(text, key.data(), key.size())) keys_.push_back(key);
  }
  void seal() { std::sort(keys_.begin(), keys_.end()); }
  // Is the key there? Everything smaller that was not asked for goes to `unknown`.
  bool take(const Key& key, const std::function<void(const std::string&)>& unknown) {
    for (; at_ < keys_.size() && keys_[at_] < key; ++at_) unknown(to_hex(keys_[at_].data(), 16));
    bool there = false;
    for (; at_ < keys_.size() && keys_[at_] == key; ++at_) there = true;
    return there;
  }
  void rest(const std::function<void(const std::string&)>& unknown) {
    for (; at_ < keys_.size(); ++at_) unknown(to_hex(keys_[at_].data(), 16));
  }

 private:
  std::vector<Key> keys_;
  std::size_t at_ = 0;
};

// A link or a directory under the name of an alert is not its file.
std::optional<queue::Name> waiting_name(const fs::Listed& entry) {
  return entry.kind == fs::Kind::file ? queue::parse_name(entry.name) : std::nullopt;
}

struct Disk {
  KeySet cases, processed, packs, quarantine, queue;
  bool active = false;
};

Disk enumerate(const queue::StateDir& dirs, Findings& findings) {
  Disk disk;
  const auto strange = [&](const char* where, std::string_view name) {
    findings.add(findings.mismatches, "foreign_name", fmt::format("{}: {}", where, printable(name)));
  };
  each_dated(dirs.cases, [&](const std::string&, std::string_view name) {
    if (name.starts_with("c-") && is_key(name.substr(2)))
      disk.cases.add(name.substr(2));
    else
      strange("cases", name);
  });
  each_dated(dirs.processed, [&](const std::string&, std::string_view name) {
    if (!name.ends_with(".json") || !is_key(name.substr(0, 32))) return strange("processed", name);
    if (name.size() == 37)
      disk.processed.add(name.substr(0, 32));  // others are a second set of bytes of the same alert
  });
  dirs.packs.list([&](const fs::Listed& e) {
    if (e.name.starts_with("c-") && is_key(e.name.substr(2)))
      disk.packs.add(e.name.substr(2));
    else
      strange("packs", e.name);
    return true;
  });
  dirs.quarantine.list([&](const fs::Listed& e) {
    if (e.name.ends_with(".reason.json") || e.name.starts_with(".tmp-")) return true;
    if (is_key(e.name.substr(0, 32)))
      disk.quarantine.add(e.name.substr(0, 32));
    else
      strange("quarantine", e.name);
    return true;
  });
  for (const auto* dir : {&dirs.queue, &dirs.active, &dirs.accept})
    dir->list([&](const fs::Listed& e) {
      if (const auto name = waiting_name(e)) disk.queue.add(name->key);
      disk.active = disk.active || dir != &dirs.queue;
      return true;
    });
  for (auto* set : {&disk.cases, &disk.processed, &disk.packs, &disk.quarantine, &disk.queue}) set->seal();
  return disk;
}

void check_sums(store::Store& store, const std::array<std::uint64_t, 8>* by_id, Findings& findings) {
  const store::Counts t = store.totals();
  const auto expect = [&](const char* category, std::uint64_t left, std::uint64_t right, const char* what) {
    if (left != right) findings.add(findings.mismatches, category, fmt::format("{}: {} and {}", what, left, right));
  };
  expect("sum_accepted", t[Count::accepted], store.waiting() + t[Count::triaged] + t[Count::quarantined],
         "accepted = waiting + triaged + quarantined");
  expect("sum_fetched", t[Count::fetched], t[Count::accepted] + t[Count::duplicate], "fetched = accepted + duplicate");
  expect("sum_triaged", t[Count::triaged],
         t[Count::benign] + t[Count::known_fp] + t[Count::review] + t[Count::escalated],
         "triaged = benign + known_fp + review + escalated");
  if (by_id == nullptr) return;
  const auto& n = *by_id;
  expect("totals_triaged", t[Count::triaged], n[1] + n[2] + n[3] + n[4], "triaged, total and by id");
  expect("totals_benign", t[Count::benign], n[1], "benign, total and by id");
  expect("totals_known_fp", t[Count::known_fp], n[2], "known_fp, total and by id");
  expect("totals_review", t[Count::review], n[3], "review, total and by id");
  expect("totals_escalated", t[Count::escalated], n[4], "escalated, total and by id");
  expect("totals_quarantined", t[Count::quarantined], n[5], "quarantined, total and by id");
  expect("totals_packs", t[Count::packs], n[6], "packs, total and by id");
  expect("totals_accepted", t[Count::accepted], n[0] + n[1] + n[2] + n[3] + n[4] + n[5], "accepted, total and by id");
}

}  // namespace

std::uint64_t Findings::total() const {
  std::uint64_t sum = 0;
  for (const auto& [name, category] : mismatches) sum += category.count;
  return sum;
}

void Findings::add(std::map<std::string, Category>& where, const std::string& category, const std::string& example) {
  auto& c = where[category];
  ++c.count;
  if (c.examples.size() < 10) c.examples.push_back(example);
}

namespace {

void check_alert(const AlertRow& row, Disk& disk, Findings& findings, bool any_cases) {
  Key key{};
  from_hex(row.key, key.data(), key.size());
  const auto unknown = [&](const char* category) {
    return [&, category](const std::string& name) {
      findings.add(disk.active ? findings.notes : findings.mismatches, category, name);
    };
  };
  const bool in_case = disk.cases.take(key, unknown("case_unknown"));
  const bool in_processed = disk.processed.take(key, unknown("processed_unknown"));
  const bool in_pack = disk.packs.take(key, unknown("pack_unknown"));
  const bool in_quarantine = disk.quarantine.take(key, unknown("quarantine_unknown"));
  const bool in_queue = disk.queue.take(key, [](const std::string&) {});
  const auto miss = [&](bool there, const char* category) {
    if (!there) findings.add(findings.mismatches, category, row.key);
  };
  switch (row.state) {
    case AlertState::waiting:
      miss(in_queue, "queue_missing");
      if (in_case || in_processed) findings.add(findings.notes, "unfinished", row.key);
      break;
    case AlertState::triaged:
      if (any_cases && !row.no_case) miss(in_case, "case_missing");
      if (!in_processed && in_queue)
        findings.add(findings.notes, "unfinished", row.key);
      else
        miss(in_processed, "processed_missing");
      if (row.pack)
        miss(in_pack, "pack_missing");
      else if (in_pack)
        findings.add(findings.mismatches, "pack_unknown", row.key);
      break;
    case AlertState::quarantined:
      miss(in_quarantine, "quarantine_missing");
      break;
  }
}

// Of one stage and filter, complete intervals that touch are one row, and what such a row covers is not asked again.
void check_intervals(store::Store& store, Findings& findings) {
  const auto text = [](const store::Interval& v) {
    return fmt::format("{}: {} to {}", printable(v.stage), rfc3339(v.from_ms), rfc3339(v.to_ms));
  };
  std::optional<store::Interval> last;  // the complete one before
  for (const auto& v : store.all_intervals()) {
    if (v.to_ms < v.from_ms) {
      findings.add(findings.mismatches, "interval_inverted", text(v));
      continue;
    }
    const bool same = last && last->stage == v.stage && last->filter == v.filter;
    if (same && v.complete && v.from_ms <= last->to_ms)
      findings.add(findings.mismatches, "interval_overlap", text(*last) + "; " + text(v));
    if (!v.complete)
      findings.add(findings.notes, "interval_unfinished", text(v));
    else
      last = v;
  }
}

// A message is `<key>-<number>-<stage>`, of an alert with a verdict, written with it.
void check_outbox(store::Store& store, Findings& findings) {
  store.each_outbox([&](const std::string& id, const std::string& payload, std::uint32_t /*attempts*/) {
    const auto row = is_key(std::string_view(id).substr(0, 32)) ? store.find(id.substr(0, 32)) : std::nullopt;
    if (!row || row->state != AlertState::triaged)
      findings.add(findings.mismatches, "outbox_unknown", printable(id));
    else if (!is_json(payload))
      findings.add(findings.mismatches, "outbox_damaged", printable(id));
  });
}

}  // namespace

Findings reconcile_all(const queue::StateDir& dirs, store::Store& store) {
  Findings findings;
  Disk disk = enumerate(dirs, findings);
  std::array<std::uint64_t, 8> by_id{};  // waiting, benign, known_fp, review, escalated, quarantined, packs
  const bool any_cases = store.blob(kHasCases).has_value();
  store.each_alert([&](const AlertRow& row) {
    ++findings.checked;
    if (row.state == AlertState::waiting) ++by_id[0];
    if (row.state == AlertState::triaged) ++by_id[static_cast<std::size_t>(row.disposition)];
    if (row.state == AlertState::quarantined) ++by_id[5];
    if (row.pack) ++by_id[6];
    check_alert(row, disk, findings, any_cases);
    return true;
  });
  // What an interrupted run built before its commit is rebuilt by the next run; without one it is unknown.
  auto& where = disk.active ? findings.notes : findings.mismatches;
  const auto rest = [&](KeySet& set, const char* category) {
    set.rest([&](const std::string& name) { findings.add(where, category, name); });
  };
  rest(disk.cases, "case_unknown");
  rest(disk.processed, "processed_unknown");
  rest(disk.packs, "pack_unknown");
  rest(disk.quarantine, "quarantine_unknown");
  check_intervals(store, findings);
  check_outbox(store, findings);
  check_sums(store, &by_id, findings);
  return findings;
}

Findings reconcile_waiting(const queue::StateDir& dirs, store::Store& store) {
  Findings findings;
  KeySet names;
  for (const auto* dir : {&dirs.accept, &dirs.queue, &dirs.active})  // the way that files go
    dir->list([&](const fs::Listed& e) {
      if (const auto name = waiting_name(e)) names.add(name->key);
      return true;
    });
  names.seal();
  store.each_waiting([&](const std::string& text) {
    ++findings.checked;
    Key key{};
    from_hex(text, key.data(), key.size());
    if (!names.take(key, [](const std::string&) {})) findings.add(findings.mismatches, "queue_missing", text);
  });
  return findings;
}

Findings reconcile_some(const queue::StateDir& dirs, store::Store& store, const std::vector<std::string>& keys) {
  Findings findings;
  const bool any_cases = store.blob(kHasCases).has_value();
  const auto there = [](const std::optional<fs::Dir>& dir, const std::string& name) { return dir && dir->has(name); };
  std::map<std::string, std::pair<std::optional<fs::Dir>, std::optional<fs::Dir>>> days;  // cases, processed
  for (const auto& key : keys) {
    ++findings.checked;
    const auto row = store.find(key);
    const auto miss = [&](bool present, const char* category) {
      if (!present) findings.add(findings.mismatches, category, key);
    };
    miss(row && row->state != AlertState::waiting, "ledger_missing");
    if (!row || row->state != AlertState::triaged) continue;
    const std::string date = date_path(row->time_ms);
    auto it = days.find(date);
    if (it == days.end())
      it = days.emplace(date, std::pair(dirs.cases.find_path(date), dirs.processed.find_path(date))).first;
    if (any_cases && !row->no_case) miss(there(it->second.first, "c-" + key), "case_missing");
    miss(there(it->second.second, key + ".json"), "processed_missing");
    if (row->pack) miss(there(dirs.packs, "c-" + key), "pack_missing");
  }
  check_sums(store, nullptr, findings);
  return findings;
}

ChainCheck verify_chain(store::Store& store) {
  ChainCheck out;
  store.each_entry(1, [&](std::int64_t seq, const std::string& line) {
    const auto link = store::check_entry(line);
    if (!link || link->seq != seq)
      out.problem = fmt::format("entry {}: its hash does not fit its text", seq);
    else if (seq != out.entries + 1)
      out.problem = fmt::format("entry {} follows entry {}: entries are missing", seq, out.entries);
    else if (link->prev != out.head)
      out.problem = fmt::format("entry {}: it does not follow the entry before it", seq);
    if (!out.problem.empty()) return false;
    out.entries = seq;
    out.head = link->hash;
    return true;
  });
  return out;
}

}  // namespace signalfoundry::books
