// SPDX-License-Identifier: Apache-2.0
//
// Goal: a directory that somebody moves away under a plugin's feet costs the tree that was for it, and no other.
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
