// SPDX-License-Identifier: Apache-2.0
#include "../../../../plugins/shared/search/permission.hpp"

#include <string>

#include "support/catch.h"

using search::lacking;

TEST_CASE("permission: the one that a refusal names is found, in both products' words", "[search]") {
  CHECK(lacking(R"({"error":{"root_cause":[{"type":"security_exception","reason":"no permissions for )"
                R"([indices:data/read/search] and User [name=reader, backend_roles=[], requestedTenant=null]"}]}})") ==
        "indices:data/read/search");
  CHECK(lacking("no permissions for [indices:data/read/search, indices:data/read/mget[shard") ==
        "");  // cut before its end
  CHECK(lacking(R"({"reason":"action [indices:data/read/search] is unauthorized for user [u] with effective roles [r] )"
                R"(on indices [.alerts], this action is granted by the index privileges [read,all]"})") ==
        "indices:data/read/search");
}

TEST_CASE("permission: nothing, where none is named or the text is hostile", "[search]") {
  CHECK(lacking("").empty());
  CHECK(lacking("Unauthorized").empty());
  CHECK(lacking("no permissions for []").empty());
  CHECK(lacking("no permissions for [\x1b[31mred]").empty());
  CHECK(lacking("no permissions for [" + std::string(301, 'a') + "]").empty());
  CHECK(lacking(std::string(70'000, ' ') + "no permissions for [indices:data/read/search]").empty());
}
