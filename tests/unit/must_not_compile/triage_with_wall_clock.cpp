// SPDX-License-Identifier: Apache-2.0
// expect: marked .override., but does not override|.override. hides virtual member function
//
// triage() is given the logical time; the form without it, which would ask the clock, is not there.
#include <signalfoundry/plugin.hpp>

namespace {
class Timeless : public sf::Triage {
  void configure(const sf::Host&, std::string_view) override {}
#ifdef SF_CONTROL
  sf::Verdict triage(const sf::Record&, int64_t) override {
    return sf::pass();
  }
#else
  sf::Verdict triage(const sf::Record&) override {
    return sf::pass();
  }
#endif
};
}  // namespace

SF_TRIAGE_PLUGIN(Timeless, .id = "timeless", .version = "1.0.0");
