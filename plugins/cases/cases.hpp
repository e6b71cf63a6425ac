// SPDX-License-Identifier: Apache-2.0
//
// cases.hpp - one directory per alert with a verdict: case.json, alert.json and, where a person will read it,
// summary.md.
#pragma once
#include <signalfoundry/plugin.hpp>

#include "case_files.hpp"

namespace cases {

constexpr const char* kSchema = R"json({"type":"object","properties":{},"additionalProperties":false})json";

class Cases final : public sf::Stage {
 public:
  void configure(const sf::Host& host, std::string_view /*settings*/) override {
    host_ = host;
    paths_.emplace(host);
  }

  void batch(std::span<const sf::Record> alerts, const sf::BatchSink& out) override {
    if (!dir_) dir_ = sf::fs::Dir::open(host_, "cases");
    if (!dir_) throw sf::Error(SF_FATAL, "the pipeline has no directory for cases; look at the state directory");
    for (uint32_t i = 0; i < alerts.size(); ++i) {
      try {
        write(AlertView(*paths_, alerts[i]));
      } catch (const sf::Error& error) {
        // A full disk or a refused permission concerns the whole batch: it waits.
        if (error.code() != SF_FAILED && error.code() != SF_INVALID) throw;
        out.fail(i, error.what());
      }
    }
  }

 private:
  void write(const AlertView& alert) const {
    const auto path = alert.text(Field::case_path);
    if (!path) throw sf::Error(SF_FAILED, "the alert has no case path; this is a fault of the runner");
    auto tree = dir_->begin_tree(*path);
    tree.add("case.json", case_json(alert));
    tree.add_alert("alert.json", alert.record());
    if (has_summary(alert)) tree.add("summary.md", summary_md(alert));
    tree.publish();
  }

  sf::Host host_;
  std::optional<shared::AlertPaths> paths_;
  std::optional<sf::fs::Dir> dir_;
};

}  // namespace cases
