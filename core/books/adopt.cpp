// SPDX-License-Identifier: Apache-2.0
#include "books/adopt.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.hpp"
#include "base/error.hpp"

namespace signalfoundry::books {

namespace {

using store::AlertState;
using store::Count;
using store::Disposition;
constexpr std::int64_t kLostMax = 1'000'000;  // entries that only hold a number: a case may name any

class Writer {
 public:
  Writer(const queue::StateDir& dirs, store::Store& store, Survey& survey, const std::string& run_id)
      : dirs_(dirs), store_(store), survey_(survey), run_id_(run_id) {}

  void write(const std::string& about) {
    const bool first = room_for_one_more();
    if (first) append("rebuild", "", about);
    for (auto& found : survey_.cases) {
      while (found.seq > next() && fill()) {
      }
      if (found.accepted_seq == 0) accept(found);
      if (found.seq > next() && found.seq - next() <= lost_left_) {
        lost_left_ -= found.seq - next();
        while (next() < found.seq) append("lost", "", R"("rebuilt":true)");
      }
      verdict(found);
    }
    while (fill()) {
    }
    if (!first) append("rebuild", "", about);
    if (!survey_.cases.empty()) store_.put_blob(kHasCases, "yes");
    counts_[Count::fetched] = counts_[Count::accepted];
    store_.add(counts_);
  }

 private:
  std::int64_t next() const { return store_.head().entries + 1; }
  std::int64_t append(std::string_view kind, const std::string& key, const std::string& fields) {
    return store_.append(kind, run_id_, key, fields);
  }

  // Can the `rebuild` entry come first, and every verdict still have its number?
  bool room_for_one_more() const {
    std::int64_t at = next();
    for (const auto& found : survey_.cases) {
      at += found.accepted_seq == 0 ? 2 : 1;
      if (found.seq < at) return false;
    }
    return true;
  }

  void accept(Known& known) {
    known.accepted_seq = append("accepted", known.key, known.accepted_fields);
    ++counts_[Count::accepted];
  }

  // One entry that may stand anywhere; false: there is none left. Before a verdict: what had to be before it anyway.
  bool fill() {
    for (; accepted_ < survey_.cases.size(); ++accepted_)
      if (survey_.cases[accepted_].accepted_seq == 0) return accept(survey_.cases[accepted_]), true;
    if (packed_ < packs_.size()) return pack(*packs_[packed_++]), true;
    if (quarantined_ < survey_.quarantined.size()) return quarantine(survey_.quarantined[quarantined_]), true;
    if (waiting_ < survey_.waiting.size()) return wait(survey_.waiting[waiting_++]), true;
    return false;
  }

  void verdict(FoundCase& found) {
    CaseFile file;
    try {
      file = read_case(dirs_, found.date, found.key);
    } catch (const Rejected& e) {
      throw Error(Exit::io, fmt::format("cases/{}/c-{} changed while it was read: {}. Nothing was recorded; try again.",
                                        found.date, found.key, e.what()));
    }
    const auto seq = append("verdict", found.key, file.verdict_fields);
    if (seq != found.seq)
      survey_.findings.add(survey_.findings.mismatches, "verdict_renumbered",
                           fmt::format("{}: {} in its case, {} in the ledger", found.key, found.seq, seq));
    const bool has_pack = survey_.packs.contains(found.key);
    store_.put(
        {found.key, AlertState::triaged, file.disposition, found.accepted_seq, seq, file.time_ms, has_pack, false});
    if (has_pack) packs_.push_back(&found);
    ++counts_[Count::triaged];
    ++counts_[count_of(file.disposition)];
  }

  void pack(const FoundCase& found) {
    const auto& facts = survey_.packs.at(found.key);
    append("pack", found.key,
           fmt::format(R"("path":"packs/c-{}","manifest_sha256":"{}","files":{},"rebuilt":true)", found.key,
                       facts.manifest_sha256, facts.files));
    ++counts_[Count::packs];
  }

  // Two entries, one at a call.
  void quarantine(FoundQuarantined& found) {
    if (found.accepted_seq == 0) return accept(found);
    ++quarantined_;
    const auto seq = append("quarantined", found.key, found.quarantined_fields);
    store_.put(
        {found.key, AlertState::quarantined, Disposition::none, found.accepted_seq, seq, found.time_ms, false, false});
    ++counts_[Count::quarantined];
  }

  void wait(FoundWaiting& found) {
    store_.put_blob(sha256_hex(found.mapping).substr(0, 16), found.mapping);
    accept(found);
    store_.put({found.key, AlertState::waiting, Disposition::none, found.accepted_seq, 0, found.time_ms, false, false});
  }

  const queue::StateDir& dirs_;
  store::Store& store_;
  Survey& survey_;
  const std::string& run_id_;
  store::Counts counts_;
  std::int64_t lost_left_ = kLostMax;
  std::size_t accepted_ = 0;  // the next of each kind to be written
  std::size_t packed_ = 0;
  std::size_t quarantined_ = 0;
  std::size_t waiting_ = 0;
  std::vector<const FoundCase*> packs_;  // of verdicts that are written
};

}  // namespace

void adopt(const queue::StateDir& dirs, store::Store& store, Survey& survey, const std::string& run_id,
           const std::string& about) {
  store.begin();
  try {
    Writer(dirs, store, survey, run_id).write(about);
    store.commit();
  } catch (...) {
    store.rollback();
    throw;
  }
}

}  // namespace signalfoundry::books
