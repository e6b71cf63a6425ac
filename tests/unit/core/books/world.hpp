// SPDX-License-Identifier: Apache-2.0
//
// world.hpp - a small state directory in which books and disk agree: one alert waits, one is benign, one is escalated
// with a pack, one is in quarantine. Tests break one thing and look at what is said.
#pragma once
#include <memory>
#include <string>

#include "base/log.hpp"
#include "books/reconcile.hpp"
#include "queue/queue.hpp"
#include "store/store.hpp"
#include "support/temp_dir.hpp"

struct World {
  static constexpr std::int64_t kTime = 1'726'653'704'788;  // 2024-09-18
  const std::string day = "2024/09/18";
  const std::string waiting = std::string(32, '1');
  const std::string benign = std::string(32, '2');
  const std::string escalated = std::string(32, '3');
  const std::string broken = std::string(32, '4');
  const std::string other = std::string(32, '9');  // nobody knows it

  TempDir temp;
  signalfoundry::queue::StateDir dirs = signalfoundry::queue::StateDir::open(temp / "state");
  std::unique_ptr<signalfoundry::store::Store> store = signalfoundry::store::Store::open(temp / "state", true);

  World() {
    using namespace signalfoundry::store;
    signalfoundry::log::set_level(signalfoundry::log::Level::error);
    store->begin();
    accept(waiting, AlertState::waiting, Disposition::none, false);
    accept(benign, AlertState::triaged, Disposition::benign, false);
    accept(escalated, AlertState::triaged, Disposition::escalated, true);
    accept(broken, AlertState::quarantined, Disposition::none, false);
    Counts counts;
    counts[Count::fetched] = 5;
    counts[Count::duplicate] = 1;
    counts[Count::accepted] = 4;
    counts[Count::triaged] = 2;
    counts[Count::benign] = counts[Count::escalated] = counts[Count::quarantined] = counts[Count::packs] = 1;
    store->add(counts);
    store->put_blob(signalfoundry::books::kHasCases, "yes");
    store->commit();
    dirs.queue.create_file(queue_name(waiting), "{}");
    dirs.queue.create_file("a drop-in.json", "{}");
    for (const auto& key : {benign, escalated}) {
      dirs.cases.sub_path(day + "/c-" + key);
      dirs.processed.sub_path(day).create_file(key + ".json", "{}");
    }
    dirs.processed.sub_path(day).create_file(benign + ".0123456789abcdef.json", "{ }");
    dirs.packs.make("c-" + escalated);
    dirs.quarantine.create_file(broken + "-x.json", "?");
    dirs.quarantine.create_file(broken + "-x.json.reason.json", "{}");
  }

  static std::string queue_name(const std::string& key) { return "p03-1726653704788-d798719c-" + key + ".json"; }
  signalfoundry::fs::Dir cases() const { return dirs.cases.sub_path(day); }
  signalfoundry::fs::Dir processed() const { return dirs.processed.sub_path(day); }

  void accept(const std::string& key, signalfoundry::store::AlertState state,
              signalfoundry::store::Disposition disposition, bool pack) const {
    const auto accepted = store->append("accepted", "r", key, "");
    std::int64_t decided = 0;
    if (state == signalfoundry::store::AlertState::triaged) decided = store->append("verdict", "r", key, "");
    if (state == signalfoundry::store::AlertState::quarantined) decided = store->append("quarantined", "r", key, "");
    store->put({key, state, disposition, accepted, decided, kTime, pack});
  }

  // "case_missing: 2222…; " for mismatches, "(unfinished: 1111…); " for notes.
  static std::string said(const signalfoundry::books::Findings& findings) {
    std::string out;
    const auto tell = [&](const auto& categories, const char* open, const char* close) {
      for (const auto& [name, category] : categories) {
        out += open + name + ":";
        for (const auto& example : category.examples) out += " " + example;
        out += std::string(close) + "; ";
      }
    };
    tell(findings.mismatches, "", "");
    tell(findings.notes, "(", ")");
    return out;
  }
  std::string all() const { return said(signalfoundry::books::reconcile_all(dirs, *store)); }
};
