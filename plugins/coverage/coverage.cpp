// SPDX-License-Identifier: Apache-2.0
#include "coverage.hpp"

#include <map>

#include "../shared/instant.hpp"
#include "schema.hpp"

namespace coverage {

namespace {

constexpr std::size_t kPieceBytes = 60'000;  // of the 64 KiB that a value of the state may have
constexpr std::size_t kPiecesMax = 1'000;

// The watch of this stage in this process: made by its first instance, gone with its last.
std::shared_ptr<Shared> shared_of(const sf::Host& host, std::string_view settings, bool& fresh) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<Shared>> all;
  const std::lock_guard lock(mutex);
  auto& slot = all[std::string(host.stage()) + '\n' + std::string(settings)];
  auto found = slot.lock();
  fresh = found == nullptr;
  if (fresh) slot = found = std::make_shared<Shared>(Settings(host, settings));
  return found;
}

std::string piece_name(std::size_t index) {
  return "watch." + std::to_string(index);
}

std::optional<std::uint64_t> number_of(std::string_view digits) {
  std::uint64_t out = 0;
  if (digits.empty() || digits.size() > 15) return std::nullopt;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    out = out * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return out;
}

}  // namespace

struct Coverage::Paths {
  explicit Paths(const sf::Host& host)
      : rule(host),
        time(host, "alert.raised"),
        received(host, "alert.received"),
        host_id(host, "host.id"),
        host_name(host, "host.name"),
        key(host, "alert.key"),
        disposition(host, "verdict.disposition"),
        number(host, "/data/canary/number") {}
  RulePaths rule;
  sf::Path time, received, host_id, host_name, key, disposition, number;
};

void Coverage::configure(const sf::Host& host, std::string_view settings) {
  host_ = host;
  paths_ = std::make_shared<const Paths>(host);
  bool fresh = false;
  shared_ = shared_of(host, settings, fresh);
  if (fresh) load();
}

void Coverage::load() {
  std::string state;
  for (std::size_t i = 0; i < kPiecesMax; ++i) {
    auto piece = host_.state(piece_name(i));
    if (!piece || piece->empty()) break;
    state += *piece;
    shared_->kept.push_back(std::move(*piece));
  }
  shared_->watch.load(state, host_.now_ms());
}

Seen Coverage::seen(const sf::Record& alert) const {
  const auto& settings = shared_->watch.settings();
  const auto& paths = *paths_;
  Seen out;
  out.time_ms = shared::instant_of(alert.text(paths.time).value_or(""));
  out.received_ms = shared::instant_of(alert.text(paths.received).value_or(""));
  out.host_id = std::string(alert.text(paths.host_id).value_or("").substr(0, 256));
  out.host_name = std::string(alert.text(paths.host_name).value_or("").substr(0, 256));
  for (std::size_t i = 0; i < settings.signals.size(); ++i)
    if (settings.signals[i].matcher.matches(alert, paths.rule)) out.signals.push_back(i);
  const auto source = alert.text(paths.rule.source).value_or("");
  for (std::size_t i = 0; i < settings.canaries.size(); ++i) {
    const auto& matcher = settings.canaries[i].matcher;
    if (!matcher.source().empty() && matcher.source() == source) out.synthetic = true;
    if (matcher.matches(alert, paths.rule)) out.canaries.push_back(i);
  }
  if (out.canaries.empty() || !out.time_ms) return out;
  out.out = {*out.time_ms, alert.text_or(paths.disposition, ""), alert.text_or(paths.key, ""),
             out.synthetic ? number_of(alert.text(paths.number).value_or("")) : std::nullopt};
  return out;
}

void Coverage::batch(std::span<const sf::Record> alerts, const sf::BatchSink& /*out*/) {
  const auto now = host_.now_ms();
  std::vector<Seen> all;
  all.reserve(alerts.size());
  for (const auto& alert : alerts) all.push_back(seen(alert));
  const std::lock_guard lock(shared_->mutex);
  shared_->watch.take(std::move(all), now);
}

void Coverage::end() {
  const std::lock_guard lock(shared_->mutex);
  const auto judged = shared_->watch.judge(host_.now_ms());
  for (const auto& [name, value] : judged.gauges) host_.gauge(name, value);
  if (judged.warnings != shared_->warned)  // once, not in each pass of a drain
    for (const auto& warning : judged.warnings) host_.warn(warning);
  shared_->warned = judged.warnings;
  host_.watch("coverage", judged.part.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace),
              judged.findings);
  keep();
}

void Coverage::keep() {
  const auto state = shared_->watch.state();
  auto& kept = shared_->kept;
  std::vector<std::string> pieces;
  for (std::size_t at = 0; at < state.size(); at += kPieceBytes) pieces.push_back(state.substr(at, kPieceBytes));
  for (std::size_t i = 0; i < pieces.size(); ++i)
    if (i >= kept.size() || kept[i] != pieces[i]) host_.set_state(piece_name(i), pieces[i]);
  for (std::size_t i = pieces.size(); i < kept.size(); ++i) host_.set_state(piece_name(i), "");
  kept = std::move(pieces);
}

}  // namespace coverage

SF_STAGE_PLUGIN(coverage::Coverage, .id = "coverage", .version = "1.0.0",
                .summary = "Watches over silence: hosts, classes of signals, freshness and canaries, each run.",
                .license = "Apache-2.0", .config_schema = coverage::kSchema);
