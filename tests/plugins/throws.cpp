// SPDX-License-Identifier: Apache-2.0
//
// throws.cpp - one plugin of every kind that throws where its settings say: {"hook":"batch","what":"std"}. Throwing in
// create() is a plugin of its own (THROWS_IN_CREATE), as no settings are there yet.
#include <signalfoundry/plugin.hpp>

#ifndef THROWS_ID
#define THROWS_ID "throws"
#endif

namespace {

struct Odd {};

class Bomb {
 public:
  Bomb() {
#ifdef THROWS_IN_CREATE
    throw std::runtime_error("thrown in create");
#endif
  }
  void arm(std::string_view settings) {
    settings_ = settings;
    at("configure");
  }
  // Throws when the settings name this hook.
  void at(const std::string& hook) const {
    if (settings_.find("\"" + hook + "\"") == std::string::npos) return;
    if (settings_.find("\"int\"") != std::string::npos) throw 42;
    if (settings_.find("\"odd\"") != std::string::npos) throw Odd{};
    if (settings_.find("\"retry\"") != std::string::npos) throw sf::Error(SF_RETRY, "thrown in " + hook, 1500);
    throw std::runtime_error("thrown in " + hook);
  }
  // Does nothing and says that it did everything.
  bool silent() const {
    return settings_.find("\"silent\"") != std::string::npos;
  }

 private:
  std::string settings_;
};

class ThrowingSource : public sf::Source {
  Bomb bomb_;
  void configure(const sf::Host&, std::string_view settings) override { bomb_.arm(settings); }
  std::string mapping() override { return bomb_.at("mapping"), R"({"name":"throws"})"; }
  void open(std::string_view) override { bomb_.at("open"); }
  sf::Poll poll(const sf::Emitter&, uint32_t, uint32_t) override { return bomb_.at("poll"), sf::Poll::end; }
  void close() override { bomb_.at("close"); }
  bool preflight(const sf::Checks&) override { return bomb_.silent(); }
};

class ThrowingTriage : public sf::Triage {
  Bomb bomb_;
  void configure(const sf::Host&, std::string_view settings) override { bomb_.arm(settings); }
  sf::Verdict triage(const sf::Record&, int64_t) override { return bomb_.at("triage"), sf::pass(); }
  std::string inputs() override { return bomb_.at("inputs"), "{}"; }
};

class ThrowingStage : public sf::Stage {
  Bomb bomb_;
  void configure(const sf::Host&, std::string_view settings) override { bomb_.arm(settings); }
  void begin() override { bomb_.at("begin"); }
  void batch(std::span<const sf::Record>, const sf::BatchSink&) override { bomb_.at("batch"); }
  void end() override { bomb_.at("end"); }
};

class ThrowingNotifier : public sf::Notifier {
  Bomb bomb_;
  void configure(const sf::Host&, std::string_view settings) override { bomb_.arm(settings); }
  void notify(std::string_view, std::string_view, uint32_t) override { bomb_.at("notify"); }
  void close() override { bomb_.at("close"); }
};

constexpr const char* kKinds[] = {SF_SOURCE, SF_TRIAGE, SF_STAGE, SF_NOTIFY, nullptr};
constexpr const char* kNeeds[] = {nullptr};
constexpr sf_descriptor kSelf{sizeof(sf_descriptor),
                              0,
                              THROWS_ID,
                              "1.0.0",
                              "Throws in the hook that it is told",
                              "Apache-2.0",
                              "",
                              R"({"type":"object","properties":{"hook":{"type":"string","default":""},
                                  "what":{"type":"string","default":"std",
                                          "enum":["std","int","odd","retry","silent"]}}})",
                              kKinds,
                              kNeeds};

const void* get(const char* id) noexcept {
  const std::string_view kind(id);
  if (kind == SF_SOURCE) return &sf::detail::source_table<ThrowingSource>;
  if (kind == SF_TRIAGE) return &sf::detail::triage_table<ThrowingTriage>;
  if (kind == SF_STAGE) return &sf::detail::stage_table<ThrowingStage>;
  if (kind == SF_NOTIFY) return &sf::detail::notify_table<ThrowingNotifier>;
  return nullptr;
}

}  // namespace

extern "C" constinit const sf_plugin_entry signalfoundry_plugin{
    SF_PLUGIN_MAGIC, sizeof(sf_plugin_entry), SF_ABI_MAJOR, SF_ABI_MINOR, 0, 0, &kSelf, get};
