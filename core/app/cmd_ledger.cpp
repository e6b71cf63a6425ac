// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "app/commands.hpp"
#include "books/reconcile.hpp"
#include "store/store.hpp"

namespace signalfoundry::app {

Exit ledger_verify(const Options& options) {
  const auto store = store::Store::open(state_of(options), false, true);
  const auto check = books::verify_chain(*store);
  if (options.json) {
    print_line(OrderedJson{{"entries", check.entries},
                           {"head", check.head},
                           {"valid", check.problem.empty()},
                           {"problem", check.problem.empty() ? OrderedJson() : OrderedJson(check.problem)}}
                   .dump());
  } else {
    print_line(check.problem.empty() ? fmt::format("{} entries, chain holds, head {}", check.entries, check.head)
                                     : fmt::format("the chain is broken: {}", check.problem));
  }
  return check.problem.empty() ? Exit::ok : Exit::mismatch;
}

Exit ledger_export(const Options& options) {
  const auto store = store::Store::open(state_of(options), false);
  std::string buffer;
  store->each_entry(1, [&](std::int64_t, const std::string& line) {
    buffer.append(line).append("\n");
    if (buffer.size() > (1U << 20U)) print(std::exchange(buffer, {}));
    return true;
  });
  print(buffer);
  return Exit::ok;
}

}  // namespace signalfoundry::app
