// SPDX-License-Identifier: Apache-2.0
//
// Goal: a plugin is given what the alert says, and nothing else, whatever the number.
#include "plugin/record.hpp"

#include <signalfoundry/wazuh_mapping.hpp>

#include "support/catch.h"

using namespace signalfoundry;

TEST_CASE("record: an integer that does not fit 64 bits with a sign is a float, not a negative number") {
  const auto mapping = Mapping::parse(sf::kWazuhMapping);
  const Alert alert = read_alert(
      R"({"timestamp":"2026-11-24T10:00:00.000+0000","rule":{"id":"1","level":3},"agent":{"id":"1","name":"a"},)"
      R"("n":[18446744073709551615,9223372036854775808,9223372036854775807,-9223372036854775808,1.5]})",
      "poll", mapping, "", 0);
  plugin::Record record;
  record.alert = &alert;
  const auto value = [&](const char* path) {
    sf_value out{};
    CHECK(plugin::get_value(record, *plugin::compile_path(path), out) == SF_OK);
    return out;
  };
  for (const auto& [path, number] :
       {std::pair("/n/0", 18446744073709551616.0), std::pair("/n/1", 9223372036854775808.0), std::pair("/n/4", 1.5)}) {
    CHECK(value(path).type == SF_F64);
    CHECK(value(path).as.f64 == number);
  }
  for (const auto& [path, number] : {std::pair("/n/2", INT64_MAX), std::pair("/n/3", INT64_MIN)}) {
    CHECK(value(path).type == SF_I64);
    CHECK(value(path).as.i64 == number);
  }
}
