// SPDX-License-Identifier: Apache-2.0
//
// Goal: a directory that somebody moves away under a plugin's feet costs the tree that was for it, and no other.
#include <unistd.h>

#include "base/log.hpp"
#include "plugin/host.hpp"
#include "support/catch.h"
#include "support/temp_dir.hpp"

using signalfoundry::plugin::Host;
using signalfoundry::plugin::kFsService;

namespace {

sf_str str(std::string_view text) {
  return {text.data(), text.size()};
}

// Builds and publishes cases/2024/09/NAME; gives the status.
sf_status publish(const Host& host, const sf_dir* cases, std::string_view name) {
  sf_error error{};
  sf_tree* tree = nullptr;
  const std::string path = "2024/09/" + std::string(name);
  REQUIRE(kFsService.tree_begin(host.raw(), cases, str(path), &tree, &error) == SF_OK);
  REQUIRE(kFsService.tree_add(host.raw(), tree, str("case.json"), str("{}"), &error) == SF_OK);
  return kFsService.tree_publish(host.raw(), tree, &error);
}

}  // namespace

TEST_CASE("fs service: a parent that vanished fails the tree that was for it, and the next one makes it anew") {
  const TempDir temp;
  signalfoundry::queue::Queue queue(signalfoundry::queue::StateDir::open(temp / "state"));
  signalfoundry::plugin::Shared shared;
  shared.queue = &queue;
  const signalfoundry::config::StageConfig stage;
  Host host(shared, stage);
  sf_error error{};
  const sf_dir* cases = nullptr;
  REQUIRE(kFsService.open_dir(host.raw(), str("cases"), &cases, &error) == SF_OK);
  CHECK(publish(host, cases, "c-1") == SF_OK);
  REQUIRE(queue.dirs().cases.remove_tree("2024"));
  CHECK(publish(host, cases, "c-2") < 0);
  CHECK(publish(host, cases, "c-3") == SF_OK);
  CHECK(queue.dirs().cases.find_path("2024/09/c-3"));
  CHECK(queue.dirs().staging.empty());
}

TEST_CASE("fs service: a directory below a setting's, through no link and never above") {
  const TempDir temp;
  signalfoundry::queue::Queue queue(signalfoundry::queue::StateDir::open(temp / "state"));
  signalfoundry::plugin::Shared shared;
  shared.queue = &queue;
  const auto alerts = signalfoundry::fs::Dir::create(temp / "alerts");
  alerts.sub_path("2026/Nov").create_file("a.json", "{}");
  REQUIRE(::symlinkat("2026", alerts.fd(), "link") == 0);
  signalfoundry::config::StageConfig stage;
  stage.paths["path"] = temp / "alerts/alerts.json";
  stage.paths["dir"] = temp / "alerts";
  Host host(shared, stage);
  const auto open = [&](std::string_view which) {
    const sf_dir* dir = nullptr;
    sf_error error{};
    const auto status = kFsService.open_dir(host.raw(), str(which), &dir, &error);
    sf_entry entry{};
    if (status == SF_OK) CHECK(kFsService.stat(host.raw(), dir, str("a.json"), &entry, &error) == SF_OK);
    return status;
  };
  CHECK(open("parent:path/2026/Nov") == SF_OK);
  CHECK(open("setting:dir/2026/Nov") == SF_OK);
  CHECK(open("parent:path/2026/Dec") == SF_ABSENT);
  CHECK(open("parent:path/2026/Nov/a.json") == SF_ABSENT);
  CHECK(open("parent:path/link/Nov") == SF_ABSENT);
  for (const auto* wrong : {"parent:path/..", "parent:path/2026/../2026", "parent:path/", "parent:path//2026",
                            "parent:path/2026/", "parent:other/2026", "setting:path/2026\n"})
    CHECK((open(wrong) == SF_INVALID || open(wrong) == SF_ABSENT || open(wrong) == SF_RETRY));
  CHECK(open("parent:path/..") == SF_INVALID);
}
