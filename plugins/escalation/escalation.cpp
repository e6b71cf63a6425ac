// SPDX-License-Identifier: Apache-2.0
#include "escalation.hpp"

namespace escalation {

void Escalation::configure(const sf::Host& host, std::string_view settings) {
  const auto json = nlohmann::json::parse(settings);
  const auto index = json.value("index", std::string("wazuh-alerts-*"));
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,*_:-";
  if (index.empty() || index.find_first_not_of(kAllowed) != std::string::npos)
    throw sf::Error(SF_INVALID, "\"index\" of stage " + std::string(host.stage()) +
                                    " is no index name; use letters, digits and . , * _ : - as in \"wazuh-alerts-*\"");
  host_ = host;
  paths_.emplace(host);
  times_.emplace(host);
  queries_.emplace(Queries::Settings{index, json.value("window_minutes", int64_t{30})});
}

void Escalation::batch(std::span<const sf::Record> alerts, const sf::BatchSink& out) {
  for (uint32_t i = 0; i < alerts.size(); ++i) {
    const AlertView alert(*paths_, alerts[i]);
    if (alert.text_or(Field::disposition, "") != "escalated") continue;
    if (!dir_) dir_ = sf::fs::Dir::open(host_, "packs");
    if (!dir_) throw sf::Error(SF_FATAL, "the pipeline has no directory for packs; look at the state directory");
    try {
      write(alert, i, out);
    } catch (const sf::Error& error) {
      // A full disk or a refused permission concerns the whole batch: it waits.
      if (error.code() != SF_FAILED && error.code() != SF_INVALID) throw;
      out.fail(i, error.what());
    }
  }
}

void Escalation::write(const AlertView& alert, uint32_t index, const sf::BatchSink& out) const {
  const auto id = alert.text(Field::case_id);
  if (!id) throw sf::Error(SF_FAILED, "the alert has no case id; this is a fault of the runner");
  auto tree = dir_->begin_tree(*id);
  std::map<std::string, std::string> digests;
  const auto add = [&](const char* name, const std::string& text) {
    tree.add(name, text);
    digests[name] = host_.sha256(text);
  };
  add("pack.json", pack_json(alert));
  add("report.md", report_md(alert));
  add("timeline.csv", timeline_csv(alert, *times_));
  add("queries.md", queries_->markdown(alert));
  tree.add_alert("artifacts/alert.json", alert.record());
  digests["artifacts/alert.json"] = host_.sha256(alert.bytes());
  const auto listed = manifest(digests);
  tree.add("MANIFEST.sha256", listed);
  tree.publish();

  shared::JsonText note(shared::JsonText::Layout::compact);
  note.begin('{');
  note.key("path").text("packs/" + std::string(*id));
  note.key("manifest_sha256").text(host_.sha256(listed));
  note.key("files").number(static_cast<int64_t>(digests.size()));
  note.end('}');
  out.note(index, "pack", note.take());
}

}  // namespace escalation

SF_STAGE_PLUGIN(escalation::Escalation, .id = "escalation", .version = "1.0.0",
                .summary = "Writes a self-contained pack with a SHA-256 manifest for every escalated alert.",
                .license = "Apache-2.0", .config_schema = escalation::kSchema);
