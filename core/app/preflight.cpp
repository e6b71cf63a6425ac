// SPDX-License-Identifier: Apache-2.0
#include "app/preflight.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.hpp"

namespace signalfoundry::app {

namespace {

constexpr std::size_t kStepsMax = 500;
constexpr std::size_t kTextMax = 600;

const char* word_of(std::uint32_t outcome) {
  switch (outcome) {
    case SF_CHECK_OK:
      return "ok";
    case SF_CHECK_WARN:
      return "warn";
    case SF_CHECK_SKIPPED:
      return "skipped";
    default:
      return "failed";
  }
}

std::string text_of(sf_str text) {
  return text.data == nullptr ? std::string() : printable(std::string_view(text.data, text.size), kTextMax);
}

// Where the steps of one source go.
class Steps {
 public:
  Steps(const config::StageConfig& stage, int fd)
      : stage_(stage),
        fd_(fd),
        sink_{sizeof(sf_check_sink), 0, this, [](const sf_check_sink* sink, const sf_check* check) {
                return static_cast<Steps*>(sink->impl)->take(*check);
              }} {}
  Steps(const Steps&) = delete;
  Steps& operator=(const Steps&) = delete;
  const sf_check_sink* sink() const { return &sink_; }
  Exit exit() const { return exit_; }
  bool any() const { return count_ > 0; }

  void write(std::uint32_t outcome, const std::string& step, const std::string& found, const std::string& advice) {
    const OrderedJson line = {{"stage", stage_.name}, {"plugin", printable(stage_.plugin)},
                              {"step", step},         {"outcome", word_of(outcome)},
                              {"found", found},       {"advice", advice}};
    const std::string bytes = line.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
    for (std::size_t at = 0; at < bytes.size();) {
      const ssize_t n = ::write(fd_, bytes.data() + at, bytes.size() - at);
      if (n <= 0 && errno != EINTR) return;  // nobody listens
      if (n > 0) at += static_cast<std::size_t>(n);
    }
  }

 private:
  sf_status take(const sf_check& check) {
    if (check.outcome == SF_CHECK_FAILED && exit_ == Exit::ok)
      exit_ = check.status == SF_DENIED ? Exit::denied : Exit::unavailable;
    if (++count_ > kStepsMax) return SF_OK;  // too many to be read; what failed still counts
    write(check.outcome, text_of(check.name), text_of(check.found), text_of(check.advice));
    return SF_OK;
  }

  const config::StageConfig& stage_;
  int fd_;
  std::size_t count_ = 0;
  Exit exit_ = Exit::ok;
  sf_check_sink sink_;
};

// For a source without a preflight: its first page, of which nothing is taken.
void first_page(pipeline::Instance& instance, Steps& steps) {
  const sf_record_sink sink{sizeof(sf_record_sink),
                            0,
                            nullptr,
                            [](const sf_record_sink*, sf_str, sf_str, sf_str) -> sf_status { return SF_CANCELLED; },
                            [](const sf_record_sink*, sf_str) -> sf_status { return SF_OK; },
                            [](const sf_record_sink*, const sf_interval*) -> sf_status { return SF_OK; },
                            [](const sf_record_sink*, sf_str, sf_str) -> sf_status { return SF_OK; }};
  const auto* source = instance.plugin().source;
  instance.call("open", [&](sf_error* e) { return source->open(instance.self(), {nullptr, 0}, e); });
  instance.call("poll", [&](sf_error* e) { return source->poll(instance.self(), &sink, 1, 0, e); });
  steps.write(SF_CHECK_OK, "first page", "the source gave its first page", "");
}

}  // namespace

Exit try_source(pipeline::Instance& instance, int fd) {
  const auto* source = instance.plugin().source;
  Steps steps(instance.stage(), fd);
  try {
    const bool has = SF_HAS(source, preflight);
    const auto status =
        has ? instance.call("preflight",
                            [&](sf_error* e) { return source->preflight(instance.self(), steps.sink(), e); })
            : static_cast<sf_status>(SF_ABSENT);
    if (status == SF_ABSENT) return first_page(instance, steps), Exit::ok;
    if (!steps.any()) {
      // Nothing that was tried is no sign that a run would get through.
      steps.write(SF_CHECK_FAILED, "preflight", "the plugin told of no step that it tried",
                  "try `signalfoundry run --dry-run`, and tell the plugin's maker");
      return Exit::unavailable;
    }
  } catch (const Error& e) {
    steps.write(SF_CHECK_FAILED, "preflight", printable(e.what(), kTextMax), "");
    throw;
  }
  return steps.exit();
}

std::string shown(const OrderedJson& step, std::string& last_stage) {
  const auto text = [&](const char* key) { return step.is_object() ? step.value(key, std::string()) : std::string(); };
  if (text("outcome").empty()) return {};
  std::string out;
  if (text("stage") != last_stage) out = fmt::format("{} ({})\n", last_stage = text("stage"), text("plugin"));
  const auto outcome = text("outcome") == "failed" ? std::string("FAILED") : text("outcome");
  out += fmt::format("  {:<8}{:<13}{}\n", outcome, text("step"), text("found"));
  if (!text("advice").empty()) out += fmt::format("  {:<21}-> {}\n", "", text("advice"));
  return out;
}

}  // namespace signalfoundry::app
