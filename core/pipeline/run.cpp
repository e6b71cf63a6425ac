// SPDX-License-Identifier: Apache-2.0
#include "pipeline/run.hpp"

#include <fmt/format.h>
#include <signalfoundry/wazuh_mapping.hpp>

#include <algorithm>
#include <set>
#include <thread>

#include "base/digest.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "books/gaps.hpp"
#include "books/reconcile.hpp"
#include "pipeline/delivery.hpp"
#include "pipeline/disk.hpp"
#include "pipeline/intake.hpp"
#include "pipeline/refusal.hpp"

namespace signalfoundry::pipeline {

namespace {

constexpr std::uint32_t kPollRecords = 1'000;
constexpr std::size_t kCapWithoutStage = 2'000;  // contract: the default of queue_cap

std::string inputs_of(Instance& instance) {
  const std::string text = instance.inputs();
  Json own = Json::parse(text, nullptr, false);
  if (!own.is_object())
    throw StageError(Exit::config, SF_INVALID, instance.stage().name,
                     fmt::format("stage \"{}\": the plugin's inputs are no JSON object", instance.stage().name));
  own["plugin"] = instance.plugin().id;
  own["plugin_version"] = instance.plugin().version;
  own["plugin_sha256"] = instance.plugin().sha256;
  // As the plugin gets them: a secret is the word "secret" there, never its value.
  own["settings_sha256"] = sha256_hex(instance.stage().settings.dump());
  own["stage"] = instance.stage().name;
  return own.dump();
}

}  // namespace

Run::Run(const config::PipelineConfig& config, std::vector<const plugin::Plugin*> plugins, queue::Queue& queue,
         store::Store& store, Report& report, const std::atomic<bool>& stop, std::function<void()> progress)
    : config_(config),
      queue_(queue),
      store_(store),
      report_(report),
      stop_(stop),
      context_{config, queue, store, report, shared_, stop, nullptr, {}, std::move(progress)} {
  shared_.queue = &queue;
  shared_.http = &http_;
  shared_.metrics = &metrics_;
  shared_.state = &state_;
  shared_.stop = &stop;
  shared_.report = [this] { return report_json(); };
  shared_.reconcile = [this](const std::string& scope) { return reconcile(scope); };
  shared_.watch = [this](const std::string& stage, const std::string& name, std::string_view json,
                         std::vector<std::string> findings) {
    report_.put_part(stage, name, json, std::move(findings));
  };
  slots_.reserve(plugins.size());
  for (std::size_t i = 0; i < plugins.size(); ++i) {
    slots_.push_back(
        {&config.stages[i], plugins[i], role_of(*plugins[i]), nullptr, {}, nullptr, nullptr, false, false});
    report_.stages.push_back({config.stages[i].name, plugins[i]->id + " " + plugins[i]->version, 0, "ok", {}});
    store_.each_state(config.stages[i].name, [&](const std::string& key, std::string value) {
      state_.load(config.stages[i].name, key, std::move(value));
    });
  }
}

Run::~Run() {
  for (auto& slot : slots_) {
    if (!slot.open || slot.plugin->source->close == nullptr) continue;
    try {
      slot.first->call("close",
                       [&](sf_error*) -> sf_status { return slot.plugin->source->close(slot.first->self()), SF_OK; });
    } catch (const Error& e) {
      log::warn(slot.config->name, e.what());
    }
  }
}

void Run::create() {
  for (auto& slot : slots_) {
    if (slot.role == Role::triage || slot.role == Role::notify) continue;
    slot.first = std::make_unique<Instance>(shared_, *slot.config, *slot.plugin);
    if (slot.role == Role::stage && slot.plugin->notify != nullptr)
      slot.notifier = std::make_unique<Instance>(shared_, *slot.config, *slot.plugin, Role::notify);
    if (slot.role != Role::source) continue;
    try {
      slot.mapping = Mapping::parse(slot.first->mapping());
    } catch (const std::invalid_argument& e) {
      throw StageError(Exit::config, SF_INVALID, slot.config->name,
                       fmt::format("stage \"{}\": the plugin's mapping is wrong: {}", slot.config->name, e.what()));
    }
    if (!context_.drop_in_mapping) context_.drop_in_mapping = slot.mapping;
  }
  if (!context_.drop_in_mapping) context_.drop_in_mapping = Mapping::parse(sf::kWazuhMapping);
  create_batch_runner();
}

void Run::create_batch_runner() {
  const std::size_t workers =
      config_.workers != 0 ? config_.workers : std::max(1U, std::thread::hardware_concurrency());
  std::vector<TriagePlan> plans;
  std::vector<std::vector<std::unique_ptr<Instance>>> triages(workers);
  std::vector<BatchStage> stages;
  for (auto& slot : slots_) {
    if (slot.role == Role::triage) {
      for (auto& of_worker : triages)
        of_worker.push_back(std::make_unique<Instance>(shared_, *slot.config, *slot.plugin));
      std::string inputs = inputs_of(*triages[0].back());
      std::string digest = sha256_hex(inputs).substr(0, 16);
      plans.push_back({slot.config, slot.plugin, std::move(inputs), std::move(digest)});
    }
    if (slot.role != Role::stage || slot.plugin->stage->batch == nullptr) continue;
    BatchStage stage{slot.config, slot.plugin, {slot.first.get()}};
    while (stage.instances.size() < workers)
      stage.instances.push_back(
          slot.others.emplace_back(std::make_unique<Instance>(shared_, *slot.config, *slot.plugin)).get());
    stages.push_back(std::move(stage));
  }
  std::vector<std::unique_ptr<Examiner>> examiners;
  examiners.reserve(triages.size());
  for (auto& of_worker : triages) examiners.push_back(std::make_unique<Examiner>(context_, std::move(of_worker)));
  batch_runner_ = std::make_unique<BatchRunner>(context_, std::move(plans), std::move(examiners), std::move(stages));
}

void Run::recover() {
  const auto& dirs = queue_.dirs();
  std::vector<std::string> leftovers;
  dirs.active.list([&](const fs::Listed& e) { return leftovers.emplace_back(e.name), true; });
  if (!leftovers.empty() || !dirs.accept.empty() || !dirs.staging.empty())
    dirs.root.sync_all();  // what we see must be on disk before it is judged
  std::vector<std::string> trees;
  dirs.staging.list([&](const fs::Listed& e) { return trees.emplace_back(e.name), true; });
  for (const auto& tree : trees) dirs.staging.remove_tree(tree);
  Intake::recover(context_);
  if (leftovers.empty()) return;
  log::info("recover", fmt::format("{} alerts of an interrupted run go on", leftovers.size()));
  std::sort(leftovers.begin(), leftovers.end());
  batches(std::move(leftovers), true);
}

template <class F>
void Run::timed(Slot& slot, F&& f) {
  const auto started = monotonic_ms();
  const auto done = [&] {
    report_.stage(slot.config->name).duration_s += static_cast<double>(monotonic_ms() - started) / 1000.0;
  };
  try {
    f();
    done();
  } catch (const Error& e) {
    done();
    if (e.code() == Exit::locked) throw;  // the lease is lost: not this stage's fault, and nobody's turn
    slot.stopped = true;
    log::error(slot.config->name, e.what());
    const bool failed = e.code() == Exit::internal || e.code() == Exit::config;
    report_.blame(slot.config->name, e.what(), e.code(), failed);
  }
}

// No source is asked for more while the disk is nearly full.
void Run::hold_back(const Slot& slot) {
  const auto disk = look_at_disk(queue_.dirs().root, config_.disk);
  if (disk.pressure == Pressure::none) return;
  throw StageError(Exit::cant_create, SF_RETRY, slot.config->name,
                   fmt::format("stage \"{}\" is held back: {}. Make room; the next run asks on from here.",
                               slot.config->name, disk.why));
}

// False, and the run is degraded: what waits goes on waiting.
bool Run::has_room() {
  const auto disk = look_at_disk(queue_.dirs().root, config_.disk);
  if (disk.pressure != Pressure::critical) return true;
  const std::string sentence =
      fmt::format("the run stops before its next batch: {}. Make room; the next run goes on from here.", disk.why);
  log::error("run", sentence);
  report_.blame("", sentence, Exit::cant_create, false);
  return false;
}

void Run::poll_until_end(Slot& slot, Intake& intake) {
  const auto* source = slot.plugin->source;
  auto& instance = *slot.first;
  if (!slot.open) {
    const std::string position = store_.cursor(slot.config->name);
    instance.call("open", [&](sf_error* e) {
      return source->open(instance.self(), {position.data(), position.size()}, e);
    });
    slot.open = true;
  }
  for (sf_status status = SF_OK; status == SF_OK && !stop_.load(); intake.rest()) {
    hold_back(slot);
    status = instance.call(
        "poll", [&](sf_error* e) { return source->poll(instance.self(), intake.sink(), kPollRecords, 0, e); });
  }
}

// Throws where the server refused these credentials, and their pause is not over.
void Run::hold_back_refused(const Slot& slot, const std::string& credentials) {
  const auto& stage = *slot.config;
  const auto last = refusal_from(state_.get(stage.name, kRefusalKey).value_or(""));
  if (!last || try_refused_ || !held_back(*last, credentials, now_ms())) return;
  metrics_.add(stage.name, "credentials_held_back", 1);
  throw StageError(Exit::denied, SF_DENIED, stage.name, held_back_sentence(*last, stage));
}

void Run::keep_refusal(const Slot& slot, const std::string& credentials, const StageError& error) {
  if (error.status() != SF_DENIED || credentials.empty()) return;
  const auto& stage = slot.config->name;
  const auto last = refusal_from(state_.get(stage, kRefusalKey).value_or(""));
  std::string sentence = error.what();
  if (const auto said = sentence.find("): "); said != std::string::npos) sentence.erase(0, said + 3);
  state_.put(stage, kRefusalKey, to_state(refused_again(last, credentials, now_ms(), sentence)));
  metrics_.add(stage, "credentials_refused", 1);
}

void Run::forget_refusal(const Slot& slot) {
  const auto& stage = slot.config->name;
  if (!state_.get(stage, kRefusalKey).value_or("").empty()) state_.put(stage, kRefusalKey, "");
}

void Run::poll(Slot& slot) {
  // As they are now: what is written while they are being refused is another credential.
  const auto credentials = credentials_of(*slot.config);
  hold_back_refused(slot, credentials);
  Intake intake(context_, slot.config->name, slot.mapping);
  const auto flush = [&] {
    try {
      if (intake.fault()) throw Error(*intake.fault());
      intake.flush();
    } catch (const Error&) {
      // It was put for a page that is not in the books, and without its cursor it would say what is not so.
      shared_.state->forget_changed(slot.config->name);
      throw;
    }
  };
  try {
    poll_until_end(slot, intake);
  } catch (const StageError& error) {
    flush();  // what came before the failure is good
    keep_refusal(slot, credentials, error);
    throw;
  } catch (const Error&) {
    shared_.state->forget_changed(slot.config->name);  // the books failed under it
    throw;
  }
  forget_refusal(slot);
  flush();
}

void Run::begin_slot(Slot& slot) {
  if (slot.stopped) return;
  if (slot.role == Role::source) return timed(slot, [&] { poll(slot); });
  if (slot.role != Role::stage || slot.plugin->stage->begin == nullptr) return;
  timed(slot, [&] {
    slot.first->call("begin", [&](sf_error* e) { return slot.plugin->stage->begin(slot.first->self(), e); });
  });
}

void Run::admit_by_name() {
  std::set<std::string> first;
  queue_.scan_all([&](const queue::Waiting& w) {
    if (first.size() < kCapWithoutStage)
      first.emplace(w.name);
    else if (w.name < *first.rbegin()) {
      first.erase(std::prev(first.end()));
      first.emplace(w.name);
    }
    return true;
  });
  for (const auto& name : first) queue_.admit(name);
}

void Run::batches(std::vector<std::string> names, bool leftover) {
  const auto late = std::stable_partition(names.begin(), names.end(),
                                          [&](const std::string& n) { return !batch_runner_->attempted(n); });
  const auto together = static_cast<std::size_t>(late - names.begin());
  for (std::size_t at = 0, end = 0; at < names.size() && !stop_.load() && !batches_stopped_; at = end) {
    batches_stopped_ = !has_room();
    if (batches_stopped_) break;
    end = at < together ? std::min<std::size_t>(together, at + config_.batch) : at + 1;
    std::vector<std::string> batch(std::make_move_iterator(names.begin() + static_cast<std::ptrdiff_t>(at)),
                                   std::make_move_iterator(names.begin() + static_cast<std::ptrdiff_t>(end)));
    try {
      batch_runner_->run(std::move(batch), leftover);
    } catch (const Error& e) {
      if (e.code() == Exit::locked) throw;
      batches_stopped_ = true;
      log::error("batch", e.what());
      const auto* of_stage = dynamic_cast<const StageError*>(&e);
      report_.blame(of_stage != nullptr ? of_stage->stage() : "", e.what(), e.code(),
                    e.code() == Exit::internal || e.code() == Exit::config);
    }
    for (auto& key : batch_runner_->take_decided()) decided_.push_back(std::move(key));
  }
}

// What came in since the last look is part of a drain, too.
void Run::look_again() {
  if (!drain_ || admitted_ == 0 || queue_.depth() != 0 || stop_.load() || batches_stopped_) return;
  queue_.scan_all([](const queue::Waiting&) { return true; });
}

// The time line was renewed when every source answered: one that is always there must not speak for one that failed.
void Run::note_polled() {
  bool polled = false;
  for (const auto& slot : slots_) {
    if (slot.role != Role::source) continue;
    if (slot.stopped) return;
    polled = true;
  }
  if (polled) report_.polled_run = report_.run_id;
}

void Run::pass() {
  ++report_.passes;
  report_.ended = false;
  decided_.clear();
  const auto scans = queue_.scans();
  const auto full_scans = queue_.full_scans();
  const auto added_before = queue_.added_in_all();
  for (auto& slot : slots_) begin_slot(slot);
  note_polled();
  auto names = queue_.take_admitted();
  if (names.empty() && queue_.scans() == scans) {
    admit_by_name();
    names = queue_.take_admitted();
  }
  if (queue_.full_scans() != full_scans) look_for_missing();
  if (report_.passes == 1)
    report_.depth_start = queue_.depth() - std::min(queue_.depth(), queue_.added_in_all() - added_before);
  admitted_ = names.size();
  if (admitted_ != 0) report_.active = admitted_;
  batches(std::move(names), false);
  look_again();
  end();
}

bool Run::last_pass() const {
  return !drain_ || stop_.load() || batches_stopped_ || admitted_ == 0 || queue_.depth() == 0;
}

// After the commits: the other side hears of nothing that is not in the books.
void Run::deliver() {
  Delivery delivery(store_, state_, report_, stop_);
  for (auto& slot : slots_) {
    if (!slot.notifier || slot.stopped || stop_.load() || !delivery.waits(slot.config->name)) continue;
    timed(slot, [&] {
      const auto credentials = credentials_of(*slot.config);
      hold_back_refused(slot, credentials);
      try {
        delivery.deliver(*slot.notifier);
      } catch (const StageError& error) {
        keep_refusal(slot, credentials, error);
        throw;
      }
      forget_refusal(slot);
    });
  }
}

void Run::end() {
  const auto vanished = shared_.vanished.exchange(0);
  report_.changed += shared_.changed.exchange(0);
  store::Counts counts;
  counts[store::Count::vanished] = vanished;
  report_.counts += counts;
  close_books(counts);
  deliver();
  check_books();
  for (auto& slot : slots_) {
    if (slot.role != Role::stage || slot.plugin->stage->end == nullptr) continue;
    timed(slot, [&] {
      slot.first->call("end", [&](sf_error* e) { return slot.plugin->stage->end(slot.first->self(), e); });
    });
  }
  if (state_.any_changed()) close_books({});  // what the end hooks put: this run has no later transaction
  report_.ended = true;
}

void Run::execute(bool drain, bool try_refused) {
  drain_ = drain;
  try_refused_ = try_refused;
  try {
    create();
    recover();
    do pass();
    while (!last_pass());
  } catch (const StageError& e) {
    log::error(e.stage(), e.what());
    report_.blame(e.stage(), e.what(), e.code(), true);
  } catch (const Error& e) {
    if (e.code() == Exit::locked) throw;
    log::error("run", e.what());
    report_.blame("", e.what(), e.code(), true);
  }
  report_.conclude();
  for (const auto& [name, part] : report_.parts)
    if (part.run == report_.run_id)
      for (const auto& finding : part.findings) log::warn(part.stage, finding);
  report_.finish();
  refresh_report();
  for (const auto& [stage, count] : *report_.undeliverable)
    log::warn("outbox", fmt::format("{} messages of stage \"{}\" cannot be delivered: this pipeline has no such stage, "
                                    "or its plugin is no notifier. They wait until it has",
                                    count, printable(stage, 64)));
}

}  // namespace signalfoundry::pipeline
