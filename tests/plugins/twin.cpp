// SPDX-License-Identifier: Apache-2.0
//
// twin.cpp - two vendors who had the same idea for every name. Built twice (TWIN is "a" or "b"); each must keep its own
// class, function, inline variable, template static and function static.
#include <signalfoundry/plugin.hpp>

// Not in an anonymous namespace: that is what the vendors forgot.
inline int twin_verdicts = 0;

template <class T>
struct Shared {
  static inline std::string owner = TWIN;
};

std::string twin_function();
std::string twin_function() {
  static const std::string kept = std::string("static of ") + TWIN;
  return kept;
}

class Twin : public sf::Triage {
 public:
  void configure(const sf::Host&, std::string_view) override {}
  sf::Verdict triage(const sf::Record&, int64_t) override {
    return sf::benign(Shared<int>::owner + ", " + twin_function() + ", " + std::to_string(++twin_verdicts));
  }
};

SF_TRIAGE_PLUGIN(Twin, .id = "org.vendor-" TWIN ".twin", .version = "1.0.0", .summary = "The twin of " TWIN,
                 .license = "Apache-2.0");
