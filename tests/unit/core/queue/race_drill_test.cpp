// SPDX-License-Identifier: Apache-2.0
//
// Goal: the drill counts each name once per guard, looks at what was listed and at nothing else.
#include "queue/race_drill.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "support/catch.h"
#include "support/temp_dir.hpp"

using signalfoundry::fs::Dir;
using signalfoundry::queue::drill_race;

TEST_CASE("race drill: files of the queue, not what is hidden, foreign or no file") {
  const TempDir temp;
  const Dir queue = Dir::create(temp / "queue");
  for (int i = 0; i < 40; ++i) queue.create_file("a" + std::to_string(i) + ".json", "{}");
  queue.create_file(".hidden.json", "{}");
  queue.create_file("notes.txt", "");
  queue.make("folder.json");
  REQUIRE(::mkfifo((queue.path() + "/fifo.json").c_str(), 0600) == 0);
  const auto level = drill_race(queue, std::nullopt, 1);
  CHECK(level.name == "listing");
  CHECK(level.enumerated == 40);
  REQUIRE(level.guards.size() == 2);
  for (const auto& guard : level.guards) {
    CHECK(guard.touched == 40);
    CHECK(guard.present == 40);
  }
  CHECK(level.unhandled() == 0);
}

TEST_CASE("race drill: a sample is spread over the listing, and never larger than it") {
  const TempDir temp;
  const Dir queue = Dir::create(temp / "queue");
  CHECK(drill_race(queue, 3, 1).enumerated == 0);
  for (int i = 0; i < 10; ++i) queue.create_file("a" + std::to_string(i) + ".json", "{}");
  CHECK(drill_race(queue, 3, 1).enumerated == 3);
  CHECK(drill_race(queue, 3, 1).guards[1].present == 3);
  CHECK(drill_race(queue, 1'000'000'000, 1).enumerated == 10);
}
