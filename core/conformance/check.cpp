// SPDX-License-Identifier: Apache-2.0
#include "conformance/check.hpp"

#include <iterator>

namespace signalfoundry::conformance {

const std::vector<Check>& source_checks() {
  static const std::vector<Check> all = [] {
    std::vector<Check> out;
    for (auto part : {life_checks(), position_checks(), http_checks(), tls_checks(), search_checks(), content_checks(),
                      file_checks()})
      out.insert(out.end(), std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
    return out;
  }();
  return all;
}

}  // namespace signalfoundry::conformance
