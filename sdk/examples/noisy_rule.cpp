// SPDX-License-Identifier: Apache-2.0
//
// noisy_rule.cpp - closes one noisy rule on lab machines, and escalates it on a domain controller.
#include <signalfoundry/plugin.hpp>

namespace {
class NoisyRule : public sf::Triage {
  sf::Path rule_, host_;

 public:
  void configure(const sf::Host& host, std::string_view) override {
    rule_ = sf::Path(host, "rule.id");
    host_ = sf::Path(host, "host.name");
  }
  sf::Verdict triage(const sf::Record& alert, int64_t) override {
    const auto host = alert.text(host_);
    if (!host || alert.text(rule_) != "5710") return sf::pass();
    if (host->starts_with("dc-")) return sf::escalate("failed logins on a domain controller");
    if (host->starts_with("lab-")) return sf::known_fp("lab machines fail to log in all day");
    return sf::pass();
  }
};
}  // namespace

SF_TRIAGE_PLUGIN(NoisyRule, .id = "org.example.noisy-rule", .version = "1.0.0",
                 .summary = "Closes rule 5710 on lab machines", .license = "Apache-2.0");
