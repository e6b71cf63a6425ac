// SPDX-License-Identifier: Apache-2.0
//
// What a search index does to whom reads it by time: ties, late alerts, partial answers, points in time.
#include <fmt/format.h>

#include <algorithm>

#include "conformance/check.hpp"
#include "conformance/search_index.hpp"

namespace signalfoundry::conformance {

namespace {

void same_timestamp(Bench& bench) {
  bench.index();
  bench.overrides = {{"page_size", "1000"}, {"page_bytes", "67108864"}, {"timeout", "\"10s\""}};
  bench.put(bench.some(5000, -10 * kMinuteMs, 0));
  const auto t = bench.run();
  bench.require_good(t, "5000 alerts of one millisecond");
  bench.require_all({&t}, "5000 alerts of one millisecond");
  bench.look_for_repeats(t);
}

// The same where pages are far smaller than the tie.
void same_timestamp_small_pages(Bench& bench) {
  bench.index();
  bench.put(bench.some(57, -10 * kMinuteMs, 0));
  const auto t = bench.run();
  bench.require_good(t, "57 alerts of one millisecond");
  bench.require_all({&t}, "57 alerts of one millisecond");
}

void late_document(Bench& bench) {
  bench.index();
  bench.begin();
  const auto first = bench.run();
  bench.require_good(first, "the first run");
  bench.clock.pass(kMinuteMs);
  bench.put(bench.some(2, -5 * kMinuteMs, kSecondMs));
  const auto second = bench.run_after(first);
  bench.require_good(second, "the run after it");
  bench.require_all({&first, &second}, "an alert that became visible four minutes behind the position");
}

void very_late_document(Bench& bench) {
  bench.index();
  bench.begin();
  const auto first = bench.run();
  bench.clock.pass(kHourMs);
  const auto second = bench.run_after(first);
  bench.put(bench.some(2, -7 * kHourMs, kSecondMs));
  bench.clock.pass(kHourMs);
  const auto third = bench.run_after(second);
  bench.clock.pass(kHourMs);
  const auto fourth = bench.run_after(third);
  bench.require_good(fourth, "the fourth run");
  bench.require_all({&first, &second, &third, &fourth},
                    "alerts that became visible six hours late, two runs and two hours ago");
}

std::size_t keys_of(Bench& bench, const std::vector<Document>& documents, const char* when) {
  bench.put(documents);
  const auto t = bench.run();
  bench.require_good(t, when);
  bench.require_all({&t}, when);
  return t.keys().size();
}

void same_alert_two_ids(Bench& bench) {
  bench.index();
  const auto alert = bench.some(1, -10 * kMinuteMs, 0).front();
  auto again = alert;
  again.id = "indexed-again";
  again.index = "alerts-2";
  const auto keys = keys_of(bench, {alert, again}, "one alert under two ids");
  require(keys == 1, fmt::format("one alert under two ids has {} keys: it would be triaged {} times", keys, keys));
}

void same_id_two_nodes(Bench& bench) {
  bench.index();
  if (bench.profile.protocol == Protocol::elasticsearch || bench.profile.name == "wazuh-5")
    skip("an id of this product is unique by itself, whatever the node");
  const auto now = bench.clock.now_ms() - 10 * kMinuteMs;
  auto other = document(1, now, "kit-2");
  other.id = "of-the-other-node";
  const auto keys = keys_of(bench, {document(1, now, "kit-1"), other}, "one id from two nodes");
  require(keys == 2, fmt::format("two alerts of two nodes with one id have {} key: one would be lost", keys));
}

// A page that is not whole is none, however many hits it holds: nothing may be counted as read because of it.
void partial(Bench& bench, const std::string& what, const std::string& from, const std::string& to) {
  bench.index();
  bench.begin();
  auto& server = bench.server();
  for (std::size_t first = 1; first <= 4; ++first) {
    std::size_t struck = 0;
    server.spoil([&](std::size_t nth, const Request&, Reply& reply) {
      const auto at = reply.body.find(from);
      const auto hits = reply.body.find("\"hits\":[{");
      if (nth < first || at == std::string::npos) return;
      ++struck;
      if (hits != std::string::npos) {  // what the failed shard had is not there
        const auto keep = reply.body.find(",{\"_index\"", hits);
        if (keep != std::string::npos) reply.body.erase(keep, reply.body.size() - 3 - keep);
      }
      reply.body.replace(at, from.size(), to);
    });
    const auto under = bench.run();
    server.heal();
    if (struck == 0) continue;
    const auto when = fmt::format("{} from answer {} on", what, first);
    require(!under.good(), when + ": " + under.ending() + ", as if all were well");
    const auto after = bench.run_after(under);
    bench.require_good(after, when + ", then whole answers");
    bench.require_all({&under, &after}, when + ", then whole answers");
  }
}

void partial_timed_out(Bench& bench) {
  partial(bench, "timed_out", "\"timed_out\":false", "\"timed_out\":true");
}
void partial_shards(Bench& bench) {
  partial(bench, "a failed shard", "\"failed\":0,\"skipped\":0,\"successful\":1",
          "\"failed\":1,\"skipped\":0,\"successful\":0");
}

void short_page(Bench& bench) {
  bench.index().short_by = 4;
  bench.begin();
  const auto t = bench.run();
  bench.require_good(t, "with pages that are not full");
  bench.require_all({&t}, "with pages that are not full though more is there (OpenSearch #9537)");
}

void no_index(Bench& bench) {
  bench.index().no_index = true;
  const auto t = bench.run();
  bench.require_good(t, "with no index that matches");
  const auto warnings = std::count_if(t.log.begin(), t.log.end(), [](const LogLine& line) { return line.level >= 2; });
  if (warnings != 1)
    bench.warnings.push_back(fmt::format("with no index that matches it warned {} times, not once", warnings));
  bench.index().no_index = false;
  bench.begin();
  const auto after = bench.run_after(t);
  bench.require_all({&t, &after}, "once there was an index");
}

// What follows asks about points in time and versions, where the source uses them.
void lying_version(Bench& bench) {
  auto& index = bench.index();
  bench.begin();
  index.version = "7.10.2";
  const auto first = bench.run();
  bench.require_all({&first}, "with a server that says it is 7.10.2");
  if (index.roots == 0) skip("the source asks no version");
  index.version = "2.19.3";
  index.pit_forbidden = true;
  const auto second = bench.run();
  bench.require_all({&second}, "with a server that says 2.19.3 and lets nobody open a point in time");
}

void need_pits(Bench& bench) {
  bench.index();
  bench.begin();
  const auto t = bench.run();
  bench.require_good(t, "a first run");
  if (bench.index().pits == 0) skip("the source opens no point in time");
}

void pit_forbidden(Bench& bench) {
  need_pits(bench);
  bench.index().pit_forbidden = true;
  const auto t = bench.run();
  bench.require_good(t, "without the right to open a point in time");
  bench.require_all({&t}, "without the right to open a point in time");
}

void pit_expired(Bench& bench) {
  need_pits(bench);
  bench.index().pit_expires = 2;
  const auto first = bench.run();
  const auto second = bench.run_after(first);
  bench.require_good(second, "after a point in time that expired in the midst of a run");
  bench.require_all({&first, &second}, "after a point in time that expired in the midst of a run");
}

void filter_change(Bench& bench) {
  const auto changed = changed_of(bench.profile);
  if (changed.empty()) skip("the profile has no [changed] settings to change the filter with");
  bench.begin();
  const auto first = bench.run();
  bench.require_good(first, "the first run");
  if (first.position.empty()) skip("the source gives no positions, so a changed filter skips nothing");
  bench.overrides = changed;
  const auto second = bench.run_after(first);
  const bool told = second.status < 0 || std::any_of(second.log.begin(), second.log.end(),
                                                     [](const LogLine& line) { return line.level >= 2; });
  require(told,
          "the filter was changed and the old position used on without a warning: older alerts that only the new "
          "filter finds are skipped");
}

}  // namespace

std::vector<Check> search_checks() {
  return {
      {"same-timestamp-5000", "5,000 alerts of one millisecond, in pages of 1,000, all come.", "SIEM 1",
       same_timestamp},
      {"same-timestamp-small-pages", "57 alerts of one millisecond, in the profile's pages, all come.", "SIEM 1",
       same_timestamp_small_pages},
      {"late-document", "An alert that is indexed minutes behind the position comes with the next run.", "SIEM 2",
       late_document},
      {"very-late-document", "An alert that is indexed hours late comes within two more runs.", "SIEM 2",
       very_late_document},
      {"same-alert-two-ids", "One alert under two ids, in two indices, has one key.", "SIEM 3", same_alert_two_ids},
      {"same-id-two-nodes", "One id from two nodes are two alerts.", "SIEM 3", same_id_two_nodes},
      {"partial-timed-out", "An answer that says timed_out is no page.", "SIEM 4", partial_timed_out},
      {"partial-shards", "An answer that lacks a shard is no page.", "SIEM 4", partial_shards},
      {"pit-403", "Without the right to open a point in time it reads all the same.", "SIEM 5", pit_forbidden},
      {"pit-404", "A point in time that expires in the midst of a run loses nothing.", "SIEM 5", pit_expired},
      {"lying-version", "Whatever version the server says it is, all alerts come.", "SIEM 6", lying_version},
      {"short-page", "A page that is not full is not the end.", "SIEM 10", short_page},
      {"filter-change", "A changed filter is noticed when the old position is used.", "SIEM 11", filter_change},
      {"no-index", "A pattern that matches no index is healthy and empty, and told once.", "SIEM 13", no_index},
  };
}

}  // namespace signalfoundry::conformance
