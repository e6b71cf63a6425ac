// SPDX-License-Identifier: Apache-2.0
//
// clock.hpp - which clock a run goes by, and from where on it reads when one was set back. [any-thread]
#pragma once
#include <signalfoundry/host.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace search {

// The time that counts: the server's, unless it is more than 30 s ahead of this machine's (`local_ms`), which would put
// the cursor before alerts that are yet to come; this machine's where the server tells none. A clock of this machine
// from before 2024 is a broken one, and the server's counts. Warns of a difference, and sets the gauge
// source_clock_skew_seconds. `who`: "the indexer at 127.0.0.1:9200".
std::int64_t trusted_now(const sf::Host& host, const std::string& who, std::optional<std::int64_t> told_ms,
                         std::int64_t local_ms);

// What the last run left: read up to `read_ms`, written when this machine's clock said `local_ms`.
struct Mark {
  std::int64_t read_ms = 0;
  std::int64_t local_ms = 0;
};
// Of a run that reads up to `to_ms`.
struct Reach {
  std::int64_t to_ms = 0;
  std::int64_t local_ms = 0;
  std::int64_t start_ms = 0;  // how far back a first run reads
};
// From where on the run reads, but for the overlap: from the mark or, where a clock was set back, from before it, by no
// more than `start_ms`. It lies after `to_ms` where the clock that counts is further behind than that.
std::int64_t base_of(const Mark& last, const Reach& reach);
// One sentence, or "" where the base is where the last run ended.
std::string set_back_warning(const Mark& last, std::int64_t base_ms, std::int64_t to_ms);

}  // namespace search
