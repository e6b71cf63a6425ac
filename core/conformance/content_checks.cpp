// SPDX-License-Identifier: Apache-2.0
//
// What SIEMs write into alerts, and the times that they give them.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "conformance/check.hpp"

namespace signalfoundry::conformance {

using nlohmann::json;

namespace {

void need_adding(Bench& bench) {
  if (!bench.can_add())
    skip(fmt::format("protocol {}: the kit cannot add alerts", protocol_name(bench.profile.protocol)));
}

// An alert an hour ahead of all clocks, and one of 1970: neither may carry the position past what comes between.
void odd_times(Bench& bench) {
  need_adding(bench);
  bench.begin();
  auto ahead = document(7001, bench.clock.now_ms() + kHourMs);
  auto old = document(7002, 1000);
  bench.world().add({old});  // whether it comes is the source's to say
  bench.put(ahead);
  const auto first = bench.run();
  bench.require_good(first, "with an alert of 1970 and one an hour ahead");
  bench.put(bench.some(5, 0, kSecondMs));
  bench.clock.pass(10 * kMinuteMs);
  const auto second = bench.run_after(first);
  bench.put(bench.some(5, 0, kSecondMs));
  bench.clock.pass(2 * kHourMs);
  const auto third = bench.run_after(second);
  bench.require_good(third, "two hours later");
  bench.require_all({&first, &second, &third}, "after an alert of 1970 and one an hour ahead");
}

std::vector<Document> odd_documents(Bench& bench) {
  const auto base = bench.some(16, -30 * kMinuteMs, kMinuteMs);
  std::vector<json> patches = {
      {{"rule", {{"id", 5503}}}},
      {{"rule", {{"level", nullptr}}}},
      {{"rule", {{"description", nullptr}}}},
      {{"rule", {{"level", "10"}}}},
      {{"rule", {{"groups", "pam"}}}},
      {{"data", nullptr}, {"agent", nullptr}},
      {{"data", {{"flow_id", 18446744073709551615ULL}}}},
      {{"data", {{"flow_id", -9223372036854775807LL}, {"ratio", 1e300}}}},
      {{"full_log", std::string("a NUL \0 in it", 13)}},
      {{"full_log", std::string(65'535, 'x')}},
      {{"full_log", "\xF0\x9F\x92\xA9 \xE2\x80\xAE right to left, \x1b[31mred"}},
      {{"data", {{"nested", json::parse("[[[[[[[[[[[[[[[[{}]]]]]]]]]]]]]]]]")}}}},
      {{"", "a member without a name"}},
      {{"syscheck", {{"size_after", "4096"}, {"uid_after", 0}}}},
      {{"location", json::array({1, "two", nullptr})}},
  };
  std::vector<Document> out;
  for (std::size_t i = 0; i < patches.size(); ++i) out.push_back(patched(base[i], patches[i]));
  out.push_back(base.back());
  return out;
}

// Bytes as they are stored: what is escalated must be what the SIEM has.
void odd_contents(Bench& bench) {
  need_adding(bench);
  bench.overrides = {{"page_bytes", "67108864"}};
  const auto documents = odd_documents(bench);
  bench.put(documents);
  const auto t = bench.run();
  bench.require_good(t, "with alerts that no schema would let through");
  bench.require_all({&t}, "with alerts that no schema would let through");
  std::set<std::string> came;
  for (const auto& one : t.pushed) came.insert(one.document);
  for (const auto& one : documents)
    require(came.contains(one.text), fmt::format("the alert {} came, and not as the bytes that are stored", one.id));
}

// What is no JSON is kept, too: pushed or rejected, never dropped, and it holds up no other.
void invalid_utf8(Bench& bench) {
  need_adding(bench);
  bench.begin();
  auto bad = bench.some(1, -20 * kMinuteMs, 0).front();
  const auto at = bad.text.find("host-1");
  bad.text.replace(at, 6, "h\xff\xfe\xc3(");
  bench.put(bad);
  const auto t = bench.run();
  bench.require_good(t, "with an alert that is no UTF-8");
  bench.require_all({&t}, "with an alert that is no UTF-8");
}

}  // namespace

std::vector<Check> content_checks() {
  return {
      {"future-and-past-timestamps", "An alert of 1970, or of an hour ahead, moves no position past what comes later.",
       "SIEM 8", odd_times},
      {"odd-documents", "Numbers for words, missing members, NUL, 64 KiB lines: all come, byte for byte.", "SIEM 9",
       odd_contents},
      {"invalid-utf8", "An alert that is no UTF-8 is handed over or rejected, and holds up no other.", "SIEM 9",
       invalid_utf8},
  };
}

}  // namespace signalfoundry::conformance
