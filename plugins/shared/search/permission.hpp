// SPDX-License-Identifier: Apache-2.0
//
// permission.hpp - which right a refusal names. [any-thread]
#pragma once
#include <string>
#include <string_view>

namespace search {

// The permission that a 403 of the Security plugin ("no permissions for [indices:data/read/search] and User [name=…",
// opensearch-project/security, PrivilegesEvaluatorResponse and SecurityFilter) or of Elasticsearch ("action
// [indices:data/read/search] is unauthorized for user [x] …", elastic/elasticsearch, AuthorizationDenialMessages)
// names; of several all, with commas, printable. "" where none is named. `body` is hostile.
std::string lacking(std::string_view body);

}  // namespace search
