// SPDX-License-Identifier: Apache-2.0
//
// alias_reader.hpp - reads [aliases] tables, of the policy and of a file of their own, into one map that is
// unambiguous.
//
// Used while a policy is loaded; one thread.
#pragma once
#include "table_reader.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace triage_policy {

class AliasReader {
 public:
  // Adds the table's hosts. A name that would then lead to two hosts is a problem.
  void read(const Node& table, Problems& problems);
  std::vector<std::pair<std::string, std::vector<std::string>>> take();

 private:
  struct Meaning {
    std::string host;
    std::string where;  // "file:line"
    bool own = false;   // the host's own name, not another one
  };
  void claim(const std::string& name, const std::string& shown, Meaning meaning, Place place, Problems& problems);

  std::map<std::string, Meaning> names_;
};

}  // namespace triage_policy
