// SPDX-License-Identifier: Apache-2.0
//
// process.hpp - what one worker process has, over a state directory that outlives it: the unit tests' way to crash one
// and start the next.
#pragma once
#include <signalfoundry/wazuh_mapping.hpp>

#include <deque>
#include <memory>
#include <set>

#include "base/log.hpp"
#include "books/reconcile.hpp"
#include "pipeline/batch.hpp"
#include "pipeline/intake.hpp"
#include "scripted.hpp"
#include "support/temp_dir.hpp"

inline std::set<std::string> names_in(const signalfoundry::fs::Dir& dir) {
  std::set<std::string> out;
  dir.list([&](const signalfoundry::fs::Listed& e) { return out.emplace(e.name), true; });
  return out;
}
inline std::string bytes_of(const signalfoundry::fs::Dir& dir, std::string_view name) {
  return dir.read(name, 1U << 20U)
      .match([](const signalfoundry::fs::Content& c) { return c.bytes; },
             [](signalfoundry::fs::Gone) { return std::string("(gone)"); });
}

// Members are made in order and destroyed in reverse: instances before what they use.
struct Process {
  explicit Process(const std::string& state)
      : dirs(signalfoundry::queue::StateDir::open(state)), store(signalfoundry::store::Store::open(state, true)) {
    signalfoundry::log::set_level(signalfoundry::log::Level(9));
    report.run_id = "run-1";
    shared.queue = &queue;
    shared.metrics = &metrics;
    shared.state = &stage_state;
    shared.stop = &stop;
  }

  signalfoundry::queue::StateDir dirs;
  signalfoundry::queue::Queue queue{dirs};
  std::unique_ptr<signalfoundry::store::Store> store;
  signalfoundry::config::PipelineConfig config;
  signalfoundry::pipeline::Report report;
  signalfoundry::plugin::Metrics metrics;
  signalfoundry::plugin::StageState stage_state;
  std::atomic<bool> stop{false};
  signalfoundry::plugin::Shared shared;
  std::shared_ptr<const signalfoundry::Mapping> mapping = signalfoundry::Mapping::parse(sf::kWazuhMapping);
  signalfoundry::pipeline::Context context{config, queue, *store, report, shared, stop, mapping};
  std::deque<signalfoundry::config::StageConfig> stages;
  std::deque<std::unique_ptr<signalfoundry::pipeline::Instance>> instances;
  std::unique_ptr<signalfoundry::pipeline::BatchRunner> runner;

  // Makes the runner of a pipeline with these triage and batch stages, on so many workers.
  void build(const std::vector<std::string>& triages, const std::vector<std::string>& batches,
             std::size_t workers = 1) {
    using namespace signalfoundry::pipeline;
    std::vector<TriagePlan> plans;
    std::vector<std::vector<std::unique_ptr<Instance>>> of_workers(workers);
    for (const auto& name : triages) {
      const auto& stage = stages.emplace_back(scripted::stage_config(name));
      for (auto& own : of_workers) own.push_back(std::make_unique<Instance>(shared, stage, scripted::triage_plugin()));
      plans.push_back({&stage, &scripted::triage_plugin(), R"({"stage":")" + name + "\"}",
                       std::string(16 - name.size(), '0') + name});
    }
    std::vector<BatchStage> batch_stages;
    for (const auto& name : batches) {
      const auto& stage = stages.emplace_back(scripted::stage_config(name));
      BatchStage one{&stage, &scripted::stage_plugin(), {}};
      for (std::size_t i = 0; i < workers; ++i)
        one.instances.push_back(
            instances.emplace_back(std::make_unique<Instance>(shared, stage, scripted::stage_plugin())).get());
      batch_stages.push_back(std::move(one));
    }
    std::vector<std::unique_ptr<Examiner>> examiners;
    for (auto& own : of_workers) examiners.push_back(std::make_unique<Examiner>(context, std::move(own)));
    runner = std::make_unique<BatchRunner>(context, std::move(plans), std::move(examiners), std::move(batch_stages));
  }

  // "accepted:1 verdict:2": kinds and numbers of the ledger from an entry on.
  std::string ledger(std::int64_t from = 1) const {
    std::string out;
    store->each_entry(from, [&](std::int64_t seq, const std::string& line) {
      out += (out.empty() ? "" : " ") + signalfoundry::Json::parse(line).at("kind").get<std::string>() + ":" +
             std::to_string(seq);
      return true;
    });
    return out;
  }
  signalfoundry::Json entry(std::int64_t seq) const { return signalfoundry::Json::parse(store->entry(seq).value()); }

  // "fetched 3, accepted 2": what the report counted, without zeros.
  std::string counted() const {
    using signalfoundry::store::Count;
    std::string out;
    for (std::size_t i = 0; i < static_cast<std::size_t>(Count::size); ++i)
      if (const auto n = report.counts.values[i]; n != 0)
        out += (out.empty() ? "" : ", ") + std::string(count_name(static_cast<Count>(i))) + " " + std::to_string(n);
    return out;
  }
  // Mismatches between books and disk, by category; "" when there are none.
  std::string mismatches() const {
    std::string out;
    for (const auto& [name, category] : signalfoundry::books::reconcile_all(dirs, *store).mismatches)
      out += name + " " + category.examples.front() + "; ";
    return out;
  }
};

// A state directory and its present process.
struct Machine {
  TempDir temp;
  std::unique_ptr<Process> process = std::make_unique<Process>(temp / "state");

  Process* operator->() const { return process.get(); }
  // The process dies; the next one starts. What is on disk stays as it is.
  void restart() {
    process.reset();
    process = std::make_unique<Process>(temp / "state");
  }
  void drop(const std::string& name, const std::string& bytes) const { process->dirs.queue.create_file(name, bytes); }
};

// A Wazuh alert; its id and content are its own.
inline std::string wazuh_alert(int number, const std::string& more = "") {
  return R"({"timestamp":"2024-09-18T10:01:44.000Z","id":"1726653704.)" + std::to_string(number) +
         R"(","rule":{"id":"5760","level":5,"description":"failed"},"agent":{"name":"host-)" + std::to_string(number) +
         R"("},"manager":{"name":"m"})" + more + "}";
}
constexpr const char* kDay = "2024/09/18";

// Decides on every alert in one way.
inline auto always(std::uint32_t disposition) {
  return [disposition](const Made&, const sf_record*, std::int64_t, const sf_verdict_sink* sink, sf_error*) {
    return sink->decide(sink, disposition, c_str("because"), c_str(R"(["step"])"));
  };
}
inline sf_status nothing(const Made&, const sf_record* const*, std::uint32_t, const sf_batch_sink*, sf_error*) {
  return SF_OK;
}
