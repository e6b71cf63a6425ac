// SPDX-License-Identifier: Apache-2.0
//
// Goal: whatever a plugin's hook does, short of breaking the process, becomes one sentence that names stage and plugin.
#include "pipeline/instance.hpp"

#include "process.hpp"
#include "support/catch.h"

using signalfoundry::Exit;
using signalfoundry::pipeline::Instance;
using signalfoundry::pipeline::StageError;
using signalfoundry::plugin::Plugin;

namespace {

struct Failure {
  std::string what = "no error";
  sf_status status = 0;
  Exit exit = Exit::ok;
};

template <class Work>
Failure failure(Work&& work) {
  try {
    work();
    return {};
  } catch (const StageError& e) {
    CHECK(e.stage() == "s");
    return {e.what(), e.status(), e.code()};
  }
}

// A machine with one stage, "s".
struct Bench : Machine {
  Script script{"s"};
  signalfoundry::config::StageConfig stage = scripted::stage_config("s");

  Failure create(const Plugin& plugin = scripted::stage_plugin()) {
    return failure([&] { const Instance instance(process->shared, stage, plugin); });
  }
  // What a hook that does this comes to.
  template <class Hook>
  Failure call(Hook&& hook, const Plugin& plugin = scripted::stage_plugin()) {
    Instance instance(process->shared, stage, plugin);
    return failure([&] { instance.call("batch", hook); });
  }
};

}  // namespace

TEST_CASE("instance: is created, configured with its settings, and destroyed once") {
  Bench bench;
  std::string log;
  bench.stage.settings = {{"limit", 7}};
  bench.script.create = [&](void* made, sf_error*) { return log += "create ", made; };
  bench.script.configure = [&](std::string_view settings, sf_error*) {
    return log += std::string(settings) + " ", SF_OK;
  };
  bench.script.destroyed = [&] { log += "destroy"; };
  CHECK(bench.create().what == "no error");
  CHECK(log == R"(create {"limit":7} destroy)");
}

TEST_CASE("instance: a status that says how it went is given back, one that is unknown is a failure") {
  Bench bench;
  Instance instance(bench->shared, bench.stage, scripted::stage_plugin());
  for (sf_status status = SF_OK; status <= SF_TOO_LARGE; ++status)
    CHECK(instance.call("batch", [&](sf_error*) { return status; }) == status);
  for (const sf_status status : {10, 4711, INT32_MAX, -8, -4711, INT32_MIN}) {
    const auto failed =
        failure([&] { instance.call("batch", [&](sf_error* e) { return fail_with(e, status, "ignored"); }); });
    CHECK(failed.what ==
          "stage \"s\" (plugin scripted_stage, batch): it returned the unknown status " + std::to_string(status));
    CHECK(failed.status == SF_FAILED);
    CHECK(failed.exit == Exit::internal);
  }
}

TEST_CASE("instance: exceptions that cross the boundary of a table without the SDK are caught") {
  Bench bench;
  auto failed = bench.call([](sf_error*) -> sf_status { throw std::runtime_error("bad\nluck"); });
  CHECK(failed.what == "stage \"s\" (plugin scripted_stage, batch) threw an exception: bad\\x0Aluck");
  CHECK(failed.status == SF_PANIC);
  CHECK(failed.exit == Exit::internal);
  failed = bench.call([](sf_error*) -> sf_status { throw 42; });
  CHECK_THAT(failed.what, ContainsSubstring("threw an exception: an exception that is no std::exception"));
  failed = bench.call([](sf_error*) -> sf_status { throw std::runtime_error(std::string(10'000, 'x')); });
  CHECK(failed.what.size() < 600);
}

TEST_CASE("instance: an error's text is read up to its NUL or its end, and made printable") {
  Bench bench;
  auto failed = bench.call([](sf_error* e) {
    for (char& c : e->message) c = 'x';
    for (char& c : e->where) c = 'y';
    return static_cast<sf_status>(SF_FAILED);
  });
  CHECK(failed.what == "stage \"s\" (plugin scripted_stage, batch): " + std::string(sizeof(sf_error::message), 'x'));
  failed = bench.call([](sf_error* e) {
    return fail_with(e, SF_FAILED,
                     std::string("a\x1b[31m\xff\xc3\n\xe2\x80\xae"
                                 "b\0hidden",
                                 20));
  });
  CHECK(failed.what == "stage \"s\" (plugin scripted_stage, batch): a\\x1B[31m\\xFF\\xC3\\x0A\\u{202E}b");
  failed = bench.call([](sf_error*) { return static_cast<sf_status>(SF_RETRY); });
  CHECK(failed.what == "stage \"s\" (plugin scripted_stage, batch): it failed with status -4 and gave no reason");
}

TEST_CASE("instance: a failed creation is told with the plugin's reason, or without") {
  Bench bench;
  bench.script.create = [](void*, sf_error* e) -> void* { return fail_with(e, SF_DENIED, "no licence"), nullptr; };
  auto failed = bench.create();
  CHECK(failed.what == "stage \"s\" (plugin scripted_stage, create): no licence");
  CHECK(failed.status == SF_DENIED);
  bench.script.create = [](void*, sf_error*) -> void* { return nullptr; };
  failed = bench.create();
  CHECK_THAT(failed.what, ContainsSubstring("gave no reason"));
  CHECK(failed.status == SF_FATAL);
  bench.script.create = [](void*, sf_error* e) -> void* { return e->code = 7, nullptr; };
  CHECK(bench.create().status == SF_FATAL);
  bench.script.create = [](void*, sf_error* e) -> void* { return e->code = -99, nullptr; };
  CHECK_THAT(bench.create().what, ContainsSubstring("unknown status -99"));
}

TEST_CASE("instance: one that throws in create is not destroyed, one that throws in configure is") {
  Bench bench;
  int destroyed = 0;
  bench.script.destroyed = [&] { ++destroyed; };
  bench.script.create = [](void*, sf_error*) -> void* { return nullptr; };
  CHECK(bench.create().what != "no error");
  CHECK(destroyed == 0);
  bench.script.create = [](void* made, sf_error*) { return made; };
  bench.script.configure = [](std::string_view, sf_error*) -> sf_status { throw std::runtime_error("x"); };
  CHECK_THAT(bench.create().what, ContainsSubstring("configure) threw an exception: x"));
  CHECK(destroyed == 1);
}

TEST_CASE("instance: wrong settings are an error of the configuration, whatever kind the plugin is") {
  Bench bench;
  bench.script.configure = [](std::string_view, sf_error* e) { return fail_with(e, SF_INVALID, "limit is too small"); };
  for (const Plugin* plugin : {&scripted::stage_plugin(), &scripted::triage_plugin(), &scripted::source_plugin()}) {
    const auto failed = bench.create(*plugin);
    CHECK(failed.exit == Exit::config);
    CHECK_THAT(failed.what, ContainsSubstring("configure): limit is too small"));
  }
}

TEST_CASE("instance: a destructor that throws does not take the run with it") {
  Bench bench;
  bench.script.destroyed = [] { throw std::runtime_error("x"); };
  CHECK(bench.create().what == "no error");
}

TEST_CASE("instance: the exit code follows from what failed in which kind of plugin") {
  Bench bench;
  const auto exit_of = [&](const Plugin& plugin, sf_status status) {
    return bench.call([&](sf_error* e) { return fail_with(e, status, "x"); }, plugin).exit;
  };
  CHECK(exit_of(scripted::source_plugin(), SF_RETRY) == Exit::unavailable);
  CHECK(exit_of(scripted::source_plugin(), SF_FAILED) == Exit::unavailable);
  CHECK(exit_of(scripted::source_plugin(), SF_DENIED) == Exit::denied);
  CHECK(exit_of(scripted::source_plugin(), SF_FATAL) == Exit::internal);
  CHECK(exit_of(scripted::source_plugin(), SF_PANIC) == Exit::internal);
  CHECK(exit_of(scripted::stage_plugin(), SF_DENIED) == Exit::cant_create);
  CHECK(exit_of(scripted::stage_plugin(), SF_RETRY) == Exit::io);
  CHECK(exit_of(scripted::stage_plugin(), SF_FAILED) == Exit::internal);
  CHECK(exit_of(scripted::triage_plugin(), SF_FAILED) == Exit::internal);
}

TEST_CASE("instance: a plugin that offers nothing that is used is refused") {
  Bench bench;
  const auto failed = bench.create(scripted::plugin("empty"));
  CHECK(failed.exit == Exit::config);
  CHECK_THAT(failed.what, ContainsSubstring("empty offers no interface"));
}

TEST_CASE("instance: what a plugin says of itself comes in pieces, up to a megabyte") {
  Bench bench;
  bench.script.inputs = [](const sf_bytes_sink* sink, sf_error*) {
    sink->put(sink, c_str("{\"a\":"));
    sink->put(sink, {nullptr, 0});
    return sink->put(sink, c_str("1}"));
  };
  Instance instance(bench->shared, bench.stage, scripted::triage_plugin());
  CHECK(instance.inputs() == R"({"a":1})");
  std::size_t taken = 0;
  bench.script.inputs = [&](const sf_bytes_sink* sink, sf_error* e) -> sf_status {
    const std::string piece(100'000, 'x');
    for (taken = 0; taken < 100; ++taken)
      if (sink->put(sink, c_str(piece)) != SF_OK) return fail_with(e, SF_FAILED, "too much");
    return SF_OK;
  };
  CHECK_THAT(failure([&] { instance.inputs(); }).what, ContainsSubstring("too much"));
  CHECK(taken == 10);
}
