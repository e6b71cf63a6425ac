// SPDX-License-Identifier: Apache-2.0
// expect: abstract
//
// A source that does not say how its documents are read is no source.
#include <signalfoundry/plugin.hpp>

namespace {
class Mute : public sf::Source {
  void configure(const sf::Host&, std::string_view) override {}
#ifdef SF_CONTROL
  std::string mapping() override {
    return "{}";
  }
#endif
  void open(std::string_view) override {}
  sf::Poll poll(const sf::Emitter&, uint32_t, uint32_t) override {
    return sf::Poll::end;
  }
};
}  // namespace

SF_SOURCE_PLUGIN(Mute, .id = "mute", .version = "1.0.0");
