// SPDX-License-Identifier: Apache-2.0
#include "app/dry_run.hpp"

#include <fmt/format.h>
#include <signalfoundry/wazuh_mapping.hpp>

#include <memory>
#include <unordered_set>

#include "app/common.hpp"
#include "app/stage_host.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "pipeline/instance.hpp"
#include "plugin/loader.hpp"

namespace signalfoundry::app {

namespace {

class DryRun {
 public:
  DryRun(const config::PipelineConfig& config, const std::vector<std::string>& plugin_path, bool json)
      : json_(json), limit_(config.max_alert_bytes) {
    for (const auto& stage : config.stages) {
      const std::string file = plugin::find(stage.plugin, plugin_path);
      const auto& plugin = plugin::load(file);
      if (plugin.source == nullptr && plugin.triage == nullptr) continue;
      auto& list = plugin.source != nullptr ? sources_ : triages_;
      list.push_back(std::make_unique<pipeline::Instance>(host_.shared, stage, plugin));
    }
  }

  void poll(pipeline::Instance& source) {
    mapping_ = Mapping::parse(source.mapping());
    source_ = source.stage().name;
    const sf_record_sink sink{sizeof(sf_record_sink),
                              0,
                              this,
                              [](const sf_record_sink* s, sf_str document, sf_str doc_id, sf_str) -> sf_status {
                                auto& self = *static_cast<DryRun*>(s->impl);
                                self.judge({document.data, document.size}, {doc_id.data, doc_id.size});
                                return SF_OK;
                              },
                              [](const sf_record_sink*, sf_str) -> sf_status { return SF_OK; },
                              [](const sf_record_sink*, const sf_interval*) -> sf_status { return SF_OK; },
                              [](const sf_record_sink* s, sf_str, sf_str reason) -> sf_status {
                                static_cast<DryRun*>(s->impl)->show("", "", "quarantined", {reason.data, reason.size});
                                return SF_OK;
                              }};
    const auto* table = source.plugin().source;
    source.call("open", [&](sf_error* e) { return table->open(source.self(), {nullptr, 0}, e); });
    for (sf_status status = SF_OK; status == SF_OK;)
      status = source.call("poll", [&](sf_error* e) { return table->poll(source.self(), &sink, 1'000, 0, e); });
  }

  void queued(const fs::Dir& queue) {
    if (!mapping_) mapping_ = Mapping::parse(sf::kWazuhMapping);
    source_ = kDropIn;
    queue.list([&](const fs::Listed& entry) {
      if (entry.kind != fs::Kind::file || !entry.name.ends_with(".json") || entry.name.front() == '.') return true;
      return queue.read(entry.name, limit_)
          .match(
              [&](const fs::Content& content) {
                judge(content.bytes, "", content.whole);
                return true;
              },
              [](fs::Gone) { return true; });
    });
  }

  std::vector<std::unique_ptr<pipeline::Instance>>& sources() { return sources_; }

 private:
  void judge(std::string_view bytes, std::string_view doc_id, bool whole = true) {
    try {
      if (!whole || bytes.size() > limit_) throw Rejected("larger than max_alert_bytes");
      const Alert alert = read_alert(std::string(bytes), source_, mapping_, doc_id, now_ms());
      if (!seen_.insert(alert.key).second) return;  // a duplicate
      plugin::Record record;
      record.alert = &alert;
      record.received_ms = now_ms();
      for (auto& triage : triages_) {
        if (record.verdict.disposition != store::Disposition::none) break;
        const sf_verdict_sink sink{
            sizeof(sf_verdict_sink), 0, &record.verdict,
            [](const sf_verdict_sink* s, uint32_t disposition, sf_str reason, sf_str) -> sf_status {
              if (disposition > SF_ESCALATED) return SF_INVALID;
              auto& verdict = *static_cast<plugin::Verdict*>(s->impl);
              verdict.disposition = static_cast<store::Disposition>(disposition);
              verdict.reason.assign(reason.data, reason.size);
              return SF_OK;
            }};
        triage->call(
            "triage",
            [&](sf_error* e) {
              return triage->plugin().triage->triage(triage->self(), record.handle(), alert.time_ms, &sink, e);
            },
            alert.key);
      }
      const bool none = record.verdict.disposition == store::Disposition::none;
      show(alert.key, alert.id, none ? "review" : store::disposition_name(record.verdict.disposition),
           none ? "no triage stage decided" : record.verdict.reason);
    } catch (const Rejected& e) {
      show("", "", "quarantined", e.what());
    }
  }

  void show(const std::string& key, const std::string& id, std::string_view disposition, std::string_view reason) {
    if (json_)
      return print_line(OrderedJson{
          {"key", key}, {"alert_id", printable(id)}, {"disposition", disposition}, {"reason", printable(reason, 500)}}
                            .dump());
    print_line(fmt::format("{:<11}  {:<32}  {}", disposition, key, printable(reason)));
  }

  bool json_;
  std::uint64_t limit_;
  std::unordered_set<std::string> seen_;
  StageHost host_;
  std::vector<std::unique_ptr<pipeline::Instance>> sources_;
  std::vector<std::unique_ptr<pipeline::Instance>> triages_;
  std::shared_ptr<const Mapping> mapping_;
  std::string source_;
};

}  // namespace

Exit dry_run(const config::PipelineConfig& config, const std::vector<std::string>& plugin_path, bool json) {
  DryRun run(config, plugin_path, json);
  Exit exit = Exit::ok;
  for (auto& source : run.sources()) {
    try {
      run.poll(*source);
    } catch (const Error& e) {
      complain(e.what());
      exit = e.code();
    }
  }
  if (const auto state = fs::Dir::open(config.state))
    if (const auto queue = state->find_sub("queue")) run.queued(*queue);
  return exit;
}

}  // namespace signalfoundry::app
