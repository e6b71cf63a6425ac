// SPDX-License-Identifier: Apache-2.0
//
// noisy_rule_test.cpp - the plugin against the mock host; any test framework would do, and none is needed.
#include <signalfoundry/testing/under_test.hpp>

#include <cstdio>

int main() {
  sf::testing::MockHost host;
  sf::testing::TriageUnderTest triage(host, signalfoundry_plugin);
  const sf::testing::MockRecord alert("{}", {{"rule.id", "5710"}, {"host.name", "lab-7"}});
  const bool good = triage.triage(alert).disposition == SF_KNOWN_FP &&
                    triage.triage(alert.with("host.name", "dc-1")).disposition == SF_ESCALATED &&
                    triage.triage(alert.with("host.name", "web-1")).disposition == SF_PASS &&
                    triage.triage(alert.with("host.name", nullptr)).disposition == SF_PASS;
  std::puts(good ? "ok" : "wrong verdict");
  return good ? 0 : 1;
}
