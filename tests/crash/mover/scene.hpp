// SPDX-License-Identifier: Apache-2.0
//
// scene.hpp - a directory for one point of the sweep, a secret outside of it, and what must hold afterwards. One
// thread.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fs/dir.hpp"
#include "plugin/host.hpp"
#include "queue/queue.hpp"
#include "support/temp_dir.hpp"

inline constexpr const char* kSecret = "CANARY-7f3a";

class Scene {
 public:
  // Makes root/, outside/ with its secrets, and opens root/d and root/to.
  Scene();
  std::string root() const { return temp_ / "root"; }
  std::string outside() const { return temp_ / "outside"; }
  std::string away() const { return temp_ / "away"; }
  std::string in(const std::string& path) const { return root() + "/" + path; }
  void put(const std::string& path, const std::string& bytes) const { temp_.write("root/" + path, bytes); }

  signalfoundry::fs::Dir d;
  signalfoundry::fs::Dir to;
  // Whatever else a case opens before its turn; gone with the scene.
  std::shared_ptr<void> more;

  // Sentences about what is wrong; none: nothing is. `struck`: the victim, whose leftovers are the neighbour's.
  std::vector<std::string> wrong(const std::string& outcome, const std::string& struck, bool follows) const;

 private:
  std::string look_outside() const;
  void look_inside(const std::string& struck, std::vector<std::string>& out) const;
  TempDir temp_;
  std::string outside_before_;
};

// One helper in one situation.
struct Case {
  std::string name;
  std::string subject;  // what it is called for, below root/
  std::function<void(Scene&)> prepare;
  std::function<std::string(Scene&)> call;  // gives what came of it, with all bytes that it read
  bool follows = false;                     // the path is the operator's own, so links in it are followed
  unsigned from = 1;  // the first call at which the neighbour has its turn: before it the root is not held
};
std::vector<Case> dir_cases();
std::vector<Case> queue_cases();
std::vector<Case> service_cases();
