// SPDX-License-Identifier: Apache-2.0
#include "alert_facts.hpp"

#include "policy_text.hpp"

namespace triage_policy {
namespace {

// A buffer that one huge alert has blown up is not kept for the rest of the run.
constexpr std::size_t kKeptBytes = 256 * 1024;

void reuse(std::string& buffer) {
  if (buffer.capacity() > kKeptBytes) std::string().swap(buffer);
  buffer.clear();
}

}  // namespace

void AlertFacts::Values::take(std::string_view piece) {
  const std::size_t start = text.size();
  fold_into(piece, text);
  spans.emplace_back(start, text.size() - start);
}

// One text may name several groups, separated by commas, as Wazuh's rules write them.
struct AlertFacts::GroupSink final : TextSink {
  explicit GroupSink(AlertFacts& owner) : facts(owner) {}
  void take(std::string_view text) override {
    while (!text.empty()) {
      const std::size_t comma = std::min(text.find(','), text.size());
      one(trim(text.substr(0, comma)));
      text.remove_prefix(std::min(comma + 1, text.size()));
    }
  }
  void one(std::string_view name) {
    if (name.empty()) return;
    group_into(name, facts.scratch_);
    const Symbol symbol = facts.vocabulary_.groups.find(facts.scratch_);
    if (symbol == kUnknown) {
      facts.strange_groups_ = true;
    } else {
      facts.groups_.push_back(symbol);
    }
  }
  AlertFacts& facts;
};

// Looks the first text up while it is borrowed.
struct AlertFacts::FirstText final : TextSink {
  FirstText(const Symbols& of, std::string& buffer, bool fold_it) : symbols(of), scratch(buffer), folded(fold_it) {}
  void take(std::string_view text) override {
    if (seen) return;
    seen = true;
    text = trim(text);
    if (folded) {
      scratch.clear();
      fold_into(text, scratch);
      text = scratch;
    }
    found = symbols.find(text);
  }
  const Symbols& symbols;
  std::string& scratch;
  bool folded;
  bool seen = false;
  Symbol found = kUnknown;
};

AlertFacts::AlertFacts(const Vocabulary& vocabulary) : vocabulary_(vocabulary), values_(vocabulary.fields.size()) {}

Symbol AlertFacts::first_symbol(Symbol field, const Symbols& symbols, bool folded) {
  FirstText sink(symbols, scratch_, folded);
  alert_->each_text(field, sink);
  return sink.found;
}

void AlertFacts::read(const AlertView& alert) {
  alert_ = &alert;
  for (const Symbol field : touched_) {
    values_[field].ready = false;
    values_[field].spans.clear();
    reuse(values_[field].text);
  }
  touched_.clear();
  reuse(scratch_);
  provider_.reset();
  event_.reset();

  rule_ = first_symbol(kRuleId, vocabulary_.rules, false);
  level_ = alert.level();
  if (level_ && *level_ < 0) level_.reset();
  groups_.clear();
  strange_groups_ = false;
  GroupSink sink(*this);
  alert.each_text(kRuleGroups, sink);
  std::sort(groups_.begin(), groups_.end());
  groups_.erase(std::unique(groups_.begin(), groups_.end()), groups_.end());
  read_host();
}

void AlertFacts::read_host() {
  struct Sink final : TextSink {
    explicit Sink(std::string& to) : out(to) {}
    void take(std::string_view text) override {
      if (!seen) host_into(text, out);
      seen = true;
    }
    std::string& out;
    bool seen = false;
  };
  reuse(host_name_);
  Sink sink(host_name_);
  alert_->each_text(kHostName, sink);
  host_ = host_name_.empty() ? kUnknown : vocabulary_.hosts.find(host_name_);
  if (host_ != kUnknown) host_name_ = vocabulary_.hosts.name(host_);
}

Symbol AlertFacts::provider() {
  if (!provider_) provider_ = first_symbol(kProvider, vocabulary_.providers, true);
  return *provider_;
}

Symbol AlertFacts::event() {
  if (!event_) event_ = first_symbol(kEventCode, vocabulary_.events, false);
  return *event_;
}

bool AlertFacts::sysmon() {
  const Symbol symbol = provider();
  return symbol != kUnknown && vocabulary_.sysmon[symbol];
}

const AlertFacts::Values& AlertFacts::values_of(Symbol field) {
  Values& values = values_[field];
  if (!values.ready) {
    values.ready = true;
    touched_.push_back(field);
    alert_->each_text(field, values);
  }
  return values;
}

}  // namespace triage_policy
