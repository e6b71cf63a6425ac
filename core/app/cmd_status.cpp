// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>

#include "app/commands.hpp"
#include "app/fields.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "books/gaps.hpp"
#include "queue/queue.hpp"

namespace signalfoundry::app {

namespace {

constexpr std::int64_t kLeastStaleMs = 15 * 60'000;
constexpr std::size_t kRunsShown = 10;
constexpr std::size_t kFindingsShown = 20;

// Where to look, and what the pipeline says where one was named and holds.
struct Place {
  std::string state;
  std::optional<config::PipelineConfig> config;
  std::vector<config::Problem> problems;  // of the pipeline: what was recorded is told all the same
};

Place place_of(const Options& options) {
  if (!options.pipeline.ends_with(".toml")) return {state_of(options), std::nullopt, {}};
  auto loaded = load_quietly(options);
  std::string state = state_in(loaded, options);
  if (!loaded.problems.empty()) return {std::move(state), std::nullopt, std::move(loaded.problems)};
  return {std::move(state), std::move(loaded.pipeline), {}};
}

enum class Health : int { healthy = 0, degraded = 1, stale = 2, failed = 3 };
constexpr const char* kHealthNames[] = {"healthy", "degraded", "stale", "failed"};

Exit exit_of(Health health) {
  return static_cast<Exit>(std::min(static_cast<int>(health), 2));
}

struct Coverage {
  std::string stage;
  std::vector<store::Interval> intervals;
  books::Coverage covered;
};

struct Waiting {
  std::uint64_t depth = 0;
  std::uint64_t drop_ins = 0;
  std::uint64_t left_alone = 0;
  std::uint64_t active = 0;
  std::int64_t oldest_ms = 0;
};

struct Status {
  Place place;
  OrderedJson heartbeat;
  std::vector<OrderedJson> runs;  // newest first
  std::vector<Coverage> sources;
  Waiting waiting;
  store::Head head;
  store::Counts totals;
  OrderedJson parts = OrderedJson::object();  // what stages watch over, as of the last run
  bool running = false;
  Health health = Health::healthy;
  std::vector<std::string> reasons;

  void worse(Health at_least, std::string reason) {
    health = std::max(health, at_least);
    reasons.push_back(std::move(reason));
  }
};

// Is the run that took the lock still there? The lock itself is not touched: a run that starts now must get it.
bool run_alive(const fs::Dir& root) {
  const auto owner = json_file(root, "lock");
  const auto pid = number_at(owner, "/pid");
  if (!pid || *pid < 1 || text_at(owner, "/command")) return false;
  return ::kill(static_cast<pid_t>(*pid), 0) == 0 || errno != ESRCH;
}

Waiting look_at_queue(const fs::Dir& root) {
  Waiting out;
  if (const auto active = root.find_sub("active")) active->list([&](const fs::Listed&) { return ++out.active, true; });
  const auto folder = root.find_sub("queue");
  if (!folder) return out;
  queue::StateDir dirs;
  dirs.queue = *folder;
  queue::Queue queue(dirs);
  log::set_level(log::Level::error);
  queue.scan_all([](const queue::Waiting&) { return true; });
  log::set_level(log::Level::info);
  out.depth = queue.depth();
  out.drop_ins = queue.drop_ins();
  out.left_alone = queue.strange();
  out.oldest_ms = queue.oldest_ms();
  return out;
}

// Stages that asked a SIEM for stretches of time, by the pipeline or, without one, by the last run.
std::vector<Coverage> look_at_sources(const Place& place, const OrderedJson& heartbeat, store::Store& store) {
  std::vector<std::string> names;
  if (place.config)
    for (const auto& stage : place.config->stages) names.push_back(stage.name);
  else if (heartbeat.is_object() && heartbeat.contains("stages") && heartbeat.at("stages").is_array())
    for (const auto& stage : heartbeat.at("stages"))
      if (auto name = text_at(stage, "/name")) names.push_back(std::move(*name));
  std::vector<Coverage> out;
  for (auto& name : names) {
    auto intervals = store.intervals(name);
    if (intervals.empty()) continue;
    auto covered = books::coverage(intervals);
    out.push_back({std::move(name), std::move(intervals), std::move(covered)});
  }
  return out;
}

void judge_run(const OrderedJson& run, Status& status) {
  const std::string word = text_at(run, "/status").value_or("?");
  if (word == "ok") return;
  const std::string error = printable(text_at(run, "/error").value_or("no reason was recorded"), 500);
  const std::string id = printable(text_at(run, "/run_id").value_or("?"));
  status.worse(
      word == "degraded" ? Health::degraded : Health::failed,
      fmt::format("run {} {}: {}", id, word == "degraded" || word == "failed" ? word : "ended strangely", error));
}

// What stages watch over, and what they found wrong in that run.
void judge_parts(const OrderedJson& run, Status& status) {
  if (!run.is_object()) return;
  const std::string error = text_at(run, "/error").value_or("");
  std::size_t shown = 0;
  std::size_t left_out = 0;
  for (const auto& [name, part] : run.items()) {
    if (!part.is_object() || !part.contains("findings") || !part.at("findings").is_array()) continue;
    status.parts[name] = part;
    for (const auto& finding : part.at("findings")) {
      if (!finding.is_string() || error.starts_with(finding.get<std::string>())) continue;
      if (shown++ >= kFindingsShown)
        ++left_out;
      else
        status.worse(Health::degraded, printable(name) + ": " + printable(finding.get<std::string>(), 500));
    }
  }
  if (left_out != 0) status.worse(Health::degraded, fmt::format("and {} more in heartbeat.json", left_out));
}

void judge_age(const OrderedJson& run, Status& status) {
  const std::int64_t every = status.place.config ? status.place.config->every_ms : 0;
  const auto finished = text_at(run, "/finished");
  const auto since = parse_time(finished ? *finished : text_at(run, "/started").value_or(""));
  if (every == 0 || !since) return;
  const std::int64_t age = now_ms() - *since;
  if (age > std::max(2 * every, kLeastStaleMs))
    status.worse(Health::stale, fmt::format("no run finished for {}; one is due every {}", span(age), span(every)));
}

// Whatever the last run did: no further one would start.
void judge_pipeline(Status& status) {
  const auto& problems = status.place.problems;
  for (std::size_t i = 0; i < problems.size() && i < kFindingsShown; ++i)
    status.worse(Health::failed, problems[i].text());
  if (problems.size() > kFindingsShown)
    status.worse(Health::failed, fmt::format("and {} more problems of the pipeline; see `signalfoundry validate`",
                                             problems.size() - kFindingsShown));
}

void judge(const fs::Dir& root, Status& status) {
  const OrderedJson& heartbeat = status.heartbeat;
  if (!heartbeat.is_object()) {
    return status.worse(Health::failed,
                        root.has("heartbeat.json") ? "heartbeat.json is damaged" : "no run was recorded here yet");
  }
  const OrderedJson* last = &heartbeat;
  if (text_at(heartbeat, "/status") == "running") {
    status.running = run_alive(root);
    if (!status.running)
      status.worse(Health::failed, fmt::format("run {} started at {} and its process is gone without a word",
                                               printable(text_at(heartbeat, "/run_id").value_or("?")),
                                               printable(text_at(heartbeat, "/started").value_or("?"))));
    if (!status.runs.empty()) last = &status.runs.front();
  }
  if (last != &heartbeat || text_at(heartbeat, "/status") != "running") judge_run(*last, status);
  judge_parts(*last, status);
  judge_age(*last, status);
  for (const auto& source : status.sources)
    if (const auto n = source.covered.gaps.size(); n != 0)
      status.worse(Health::degraded, fmt::format("{} gap{} in what \"{}\" polled; see `signalfoundry gaps`", n,
                                                 n == 1 ? "" : "s", printable(source.stage)));
}

Status look(const Options& options) {
  Status out;
  out.place = place_of(options);
  judge_pipeline(out);
  const auto root = fs::Dir::open(out.place.state);
  if (!root || (!root->has("state.db") && !root->has("heartbeat.json") && !root->has("heartbeat-history.jsonl"))) {
    if (root) out.waiting = look_at_queue(*root);
    out.worse(Health::failed,
              root ? "no run was recorded here yet"
                   : fmt::format("there is no state directory {}; start a run first, or correct the path",
                                 printable(out.place.state, 1000)));
    return out;
  }
  out.heartbeat = json_file(*root, "heartbeat.json");
  out.waiting = look_at_queue(*root);
  // In its first moments a first run has a heartbeat and no books yet.
  const bool first = !root->has("state.db") && text_at(out.heartbeat, "/status") == "running" && run_alive(*root);
  if (!first) {
    const auto store = store::Store::open(out.place.state, false);
    for (const auto& run : store->runs(kRunsShown)) out.runs.push_back(OrderedJson::parse(run.report, nullptr, false));
    out.sources = look_at_sources(out.place, out.heartbeat, *store);
    out.head = store->head();
    out.totals = store->totals();
  }
  judge(*root, out);
  return out;
}

OrderedJson time_json(std::int64_t ms) {
  return rfc3339(ms);
}

OrderedJson coverage_json(const Coverage& source, bool with_intervals) {
  const auto& watermark = source.covered.watermark_ms;
  OrderedJson out{
      {"stage", source.stage},
      {"watermark", watermark ? time_json(*watermark) : OrderedJson()},
      {"lag_s", watermark ? OrderedJson(static_cast<double>(now_ms() - *watermark) / 1000.0) : OrderedJson()},
      {"gaps", OrderedJson::array()}};
  for (const auto& gap : source.covered.gaps)
    out["gaps"].push_back({{"from", rfc3339(gap.from_ms)},
                           {"to", rfc3339(gap.to_ms)},
                           {"duration_s", static_cast<double>(gap.to_ms - gap.from_ms) / 1000.0}});
  if (!with_intervals) return out;
  out["intervals"] = OrderedJson::array();
  for (const auto& v : source.intervals)
    out["intervals"].push_back({{"from", rfc3339(v.from_ms)},
                                {"to", rfc3339(v.to_ms)},
                                {"filter", v.filter},
                                {"pages", v.pages},
                                {"fetched", v.fetched},
                                {"complete", v.complete}});
  return out;
}

OrderedJson run_json(const OrderedJson& run) {
  OrderedJson out;
  for (const char* name : {"run_id", "status", "started", "finished", "duration_s", "failed_stage", "error", "counts"})
    out[name] = run.is_object() && run.contains(name) ? run.at(name) : OrderedJson();
  return out;
}

OrderedJson status_json(const Status& status) {
  OrderedJson out;
  out["pipeline"] = status.place.config ? OrderedJson(status.place.config->name)
                                        : OrderedJson(text_at(status.heartbeat, "/pipeline").value_or(""));
  out["state"] = status.place.state;
  out["health"] = kHealthNames[static_cast<int>(status.health)];
  out["reasons"] = status.reasons;
  out["running"] = status.running;
  const auto& w = status.waiting;
  out["queue"] = {
      {"depth", w.depth},
      {"drop_ins", w.drop_ins},
      {"active", w.active},
      {"left_alone", w.left_alone},
      {"oldest_age_s",
       w.oldest_ms == 0 ? OrderedJson() : OrderedJson(static_cast<double>(now_ms() - w.oldest_ms) / 1000.0)}};
  out["ledger"] = {{"entries", status.head.entries}, {"head", status.head.hash}};
  for (std::size_t i = 0; i < status.totals.values.size(); ++i)
    out["totals"][std::string(store::count_name(static_cast<store::Count>(i)))] = status.totals.values[i];
  out["watched"] = status.parts;
  out["sources"] = OrderedJson::array();
  for (const auto& source : status.sources) out["sources"].push_back(coverage_json(source, false));
  out["last_runs"] = OrderedJson::array();
  for (const auto& run : status.runs) out["last_runs"].push_back(run_json(run));
  return out;
}

std::string shown(const OrderedJson& json, const char* pointer) {
  return printable(text_at(json, pointer).value_or("-"), 80);
}

std::string runs_table(const std::vector<OrderedJson>& runs) {
  std::vector<std::vector<std::string>> rows = {
      {"run", "status", "started", "took", "accepted", "triaged", "escalated", "quarantined", "error"}};
  for (const auto& run : runs) {
    const auto count = [&](const char* pointer) { return std::to_string(count_at(run, pointer)); };
    rows.push_back({shown(run, "/run_id"), shown(run, "/status"), shown(run, "/started"),
                    span(static_cast<std::int64_t>(number_at(run, "/duration_s").value_or(0) * 1000)),
                    count("/counts/accepted"), count("/counts/triaged"), count("/counts/escalated"),
                    count("/counts/quarantined"), shown(run, "/error")});
  }
  return table(rows);
}

// "coverage  hosts 7 of 8, canaries 1 of 1": of each kind how much of what is expected is covered.
std::string part_line(const std::string& name, const OrderedJson& part) {
  std::string kinds;
  for (const auto& [kind, of] : part.items()) {
    const auto expected = of.is_object() ? count_at(of, "/expected") : 0;
    if (expected == 0) continue;
    kinds += fmt::format("{}{} {} of {}", kinds.empty() ? "" : ", ", printable(kind, 40), count_at(of, "/covered"),
                         expected);
  }
  if (const auto run = text_at(part, "/as_of_run_id")) kinds += fmt::format(" (as of run {})", printable(*run));
  return kinds.empty() ? "" : fmt::format("{:<9} {}\n", printable(name, 40), kinds);
}

std::string status_text(const Status& status) {
  const auto& w = status.waiting;
  const std::string name =
      status.place.config ? status.place.config->name : text_at(status.heartbeat, "/pipeline").value_or("-");
  std::string out =
      fmt::format("pipeline  {}\nstate     {}\nhealth    {}{}\n", printable(name), printable(status.place.state, 1000),
                  kHealthNames[static_cast<int>(status.health)], status.running ? " (a run is under way)" : "");
  for (const auto& reason : status.reasons) out += "          " + reason + "\n";
  out += fmt::format("queue     {} waiting", w.depth);
  if (w.drop_ins != 0) out += fmt::format(", {} of them drop-ins", w.drop_ins);
  if (w.oldest_ms != 0) out += fmt::format(", the oldest alert is {} old", span(now_ms() - w.oldest_ms));
  if (w.active != 0) out += fmt::format("; {} in work", w.active);
  if (w.left_alone != 0) out += fmt::format("; {} left alone (no plain files *.json)", w.left_alone);
  const auto& t = status.totals;
  out += fmt::format("\nalerts    {} accepted, {} triaged ({} escalated, {} to review), {} in quarantine\n",
                     t[store::Count::accepted], t[store::Count::triaged], t[store::Count::escalated],
                     t[store::Count::review], t[store::Count::quarantined]);
  out += fmt::format("ledger    {} entries, head {}\n", status.head.entries, status.head.hash.substr(0, 16));
  for (const auto& [part_name, part] : status.parts.items()) out += part_line(part_name, part);
  for (const auto& source : status.sources) {
    const auto& mark = source.covered.watermark_ms;
    out += fmt::format(
        "source    {}: {}, {} gaps\n", printable(source.stage),
        mark ? fmt::format("complete to {} ({} ago)", rfc3339(*mark), span(now_ms() - *mark)) : "no complete poll yet",
        source.covered.gaps.size());
  }
  if (!status.runs.empty()) out += "\n" + runs_table(status.runs);
  return out;
}

std::string gaps_text(const std::vector<Coverage>& sources) {
  std::string out;
  for (const auto& source : sources) {
    const auto& mark = source.covered.watermark_ms;
    out += fmt::format(
        "{}: {}, {} gaps\n", printable(source.stage),
        mark ? fmt::format("complete to {} ({} ago)", rfc3339(*mark), span(now_ms() - *mark)) : "no complete poll yet",
        source.covered.gaps.size());
    std::vector<std::vector<std::string>> rows = {{"", "from", "to", "length", "alerts", "filter"}};
    for (const auto& gap : source.covered.gaps)
      rows.push_back({"gap", rfc3339(gap.from_ms), rfc3339(gap.to_ms), span(gap.to_ms - gap.from_ms), "-", ""});
    for (const auto& v : source.intervals)
      rows.push_back({v.complete ? "complete" : "incomplete", rfc3339(v.from_ms), rfc3339(v.to_ms),
                      span(v.to_ms - v.from_ms), std::to_string(v.fetched), printable(v.filter, 60)});
    out += table(rows);
  }
  return out.empty() ? "no stage has polled a time line yet\n" : out;
}

}  // namespace

Exit status(const Options& options) {
  const auto found = look(options);
  if (options.json)
    print_line(one_line(status_json(found)));
  else
    print(status_text(found));
  return exit_of(found.health);
}

Exit gaps(const Options& options) {
  const auto place = place_of(options);
  for (const auto& problem : place.problems) complain(problem.text());
  const auto store = store::Store::open(place.state, false);
  OrderedJson heartbeat;
  if (const auto root = fs::Dir::open(place.state)) heartbeat = json_file(*root, "heartbeat.json");
  const auto sources = look_at_sources(place, heartbeat, *store);
  std::size_t count = 0;
  OrderedJson stages = OrderedJson::array();
  for (const auto& source : sources) {
    count += source.covered.gaps.size();
    stages.push_back(coverage_json(source, true));
  }
  if (options.json)
    print_line(one_line({{"gaps", count}, {"stages", stages}}));
  else
    print(gaps_text(sources));
  return count == 0 ? Exit::ok : Exit::mismatch;
}

}  // namespace signalfoundry::app
