// SPDX-License-Identifier: Apache-2.0
#include "books/dated.hpp"

#include <vector>

namespace signalfoundry::books {

namespace {

void walk(const fs::Dir& dir, const std::string& date, int depth,
          const std::function<void(const std::string&, std::string_view)>& visit) {
  std::vector<std::string> subs;
  dir.list([&](const fs::Listed& e) {
    if (depth == 0)
      visit(date, e.name);
    else if (e.kind == fs::Kind::directory)
      subs.emplace_back(e.name);
    return true;
  });
  for (const auto& name : subs)
    if (const auto sub = dir.find_sub(name)) walk(*sub, date.empty() ? name : date + "/" + name, depth - 1, visit);
}

}  // namespace

void each_dated(const fs::Dir& root, const std::function<void(const std::string&, std::string_view)>& visit) {
  walk(root, "", 3, visit);
}

}  // namespace signalfoundry::books
