// SPDX-License-Identifier: Apache-2.0
//
// writeback_wazuh - tells a Wazuh 5 indexer what became of a finding: sets the status of its case, where no person has
// set one before. The stage sends a message with each verdict; the notifier delivers it once that is in the books.
#include <signalfoundry/plugin.hpp>

#include <algorithm>
#include <atomic>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "../shared/alert_view.hpp"
#include "../shared/search/server.hpp"
#include "findings.hpp"
#include "schema.hpp"

namespace writeback_wazuh {

namespace {

using Json = nlohmann::json;
using shared::Field;

class Sender : public sf::Stage {
 public:
  void configure(const sf::Host& host, std::string_view settings) override {
    const auto json = Json::parse(settings);
    host_ = host;
    source_ = json.value("source", std::string("poll"));
    for (const auto& [disposition, usual] :
         {std::pair{"benign", "completed"}, {"known_fp", "completed"}, {"review", ""}, {"escalated", "acknowledged"}})
      status_[disposition] = json.value(disposition, std::string(usual));
    paths_.emplace(host);
    for (const char* pointer : {"/event/index", "/event/doc_id", "/wazuh/rule/id"})
      identity_.emplace_back(host, pointer);
  }

  void batch(std::span<const sf::Record> alerts, const sf::BatchSink& out) override {
    for (uint32_t i = 0; i < alerts.size(); ++i) {
      const shared::AlertView alert(*paths_, alerts[i]);
      if (alert.text_or(Field::source, "") != source_) continue;
      const auto status = status_.find(alert.text_or(Field::disposition, ""));
      if (status == status_.end() || status->second.empty()) continue;
      const auto part = [&](std::size_t n) { return std::string(alerts[i].text(identity_[n]).value_or("")); };
      const Json message = {
          {"event_index", part(0)}, {"doc_id", part(1)}, {"rule_id", part(2)}, {"status", status->second}};
      if (part(0).empty() || part(1).empty() || part(2).empty())
        host_.count("writeback_without_identity");
      else
        out.send(i, message.dump(-1, ' ', false, Json::error_handler_t::replace));
    }
  }

 private:
  sf::Host host_;
  std::string source_;
  std::map<std::string, std::string, std::less<>> status_;  // by disposition
  std::optional<shared::AlertPaths> paths_;
  std::vector<sf::Path> identity_;
};

class Writer : public sf::Notifier {
 public:
  void configure(const sf::Host& host, std::string_view settings) override {
    const auto json = Json::parse(settings);
    host_ = host;
    server_ = search::read_server(json, {"indexer address", "https://host:9200", "use user and password of the stage"},
                                  30'000);
    search::check_server(server_);
    server_.page_bytes = Findings::kAnswerMost;
    const auto index = json.value("index", std::string("wazuh-findings-v5-*"));
    if (index.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789*,._-") !=
        std::string::npos)
      throw sf::Error(SF_INVALID, "index is no index name or pattern; write it as in \"wazuh-findings-v5-*\"");
    findings_.emplace(host, server_, index, stop_);
    index_ = index;
  }

  void notify(std::string_view payload, std::string_view /*delivery_id*/, uint32_t /*attempt*/) override {
    const auto json = Json::parse(payload);
    const auto member = [&](const char* key) { return json.at(key).get<std::string>(); };
    try {
      set({member("event_index"), member("doc_id"), member("rule_id")}, member("status"));
    } catch (const sf::Stop&) {
      throw sf::Error(SF_RETRY, "the run stops; the message waits for the next one");
    }
  }

 private:
  static constexpr int kLooks = 3;  // where somebody else changes a document meanwhile
  // Between two of them: longer than a change takes to be found (the index.refresh_interval of findings is 2s).
  static constexpr std::uint32_t kLookAgainMs = 3'000;

  void set(const Finding& finding, const std::string& status) {
    std::size_t done = 0;
    for (int look = 1;; ++look) {
      auto [documents, beyond] = findings_->find(finding);
      if (documents.empty())
        throw sf::Error(SF_FAILED,
                        "there is no such finding in " + index_ + "; see index, and what this user may read");
      const auto all = documents.size() + beyond;
      // A status that somebody set stays; so does one of ours, when this is delivered a second time.
      std::erase_if(documents, [](const Stored& one) { return !one.untouched; });
      const auto outcome = findings_->update(documents, status);
      outcome.settle(look == kLooks);
      done += outcome.done();
      if (!outcome.changed()) return tell(done, all, beyond);
      if (!host_.wait(kLookAgainMs)) throw sf::Stop{};
    }
  }

  // So many documents were set, there are so many in all, and so many of these were not looked at.
  void tell(std::size_t done, std::uint64_t all, std::uint64_t beyond) const {
    host_.count(done == 0 ? "writeback_left_alone" : "writeback_updated");
    if (beyond == 0) return;
    host_.count("writeback_beyond", beyond);
    throw sf::Error(SF_FAILED, findings_->who() + " keeps " + std::to_string(all) + " documents of this finding, and " +
                                   std::to_string(beyond) +
                                   " of them were not looked at; see why it is stored so "
                                   "often, and set those in the dashboard");
  }

  sf::Host host_;
  search::Server server_;
  std::atomic<bool> stop_{false};  // the host's own stop ends waits and exchanges
  std::string index_;
  std::optional<Findings> findings_;
};

}  // namespace

}  // namespace writeback_wazuh

SF_STAGE_NOTIFIER_PLUGIN(writeback_wazuh::Sender, writeback_wazuh::Writer, .id = "writeback_wazuh", .version = "1.0.0",
                         .summary = "Sets the case status of Wazuh 5 findings after their verdict.",
                         .license = "Apache-2.0", .vendor = "SignalFoundry", .config_schema = writeback_wazuh::kSchema);
