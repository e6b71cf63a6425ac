// SPDX-License-Identifier: Apache-2.0
//
// What becomes of files while a source reads them: they go, come back, are rotated, cut and half written.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "conformance/alert_file.hpp"
#include "conformance/check.hpp"

namespace signalfoundry::conformance {

namespace {

constexpr std::size_t kCallsMax = 64;

// Before its nth look at a file, from `first` to `last`, something is gone; after the run it is back.
void vanish_before_each(Bench& bench, std::size_t first, std::size_t last, const char* what,
                        const std::function<void(World&)>& vanish) {
  for (std::size_t nth = first; nth <= std::min(last, kCallsMax); ++nth) {
    RunOptions options;
    options.before_fs = [&](std::size_t n) {
      if (n == nth) vanish(bench.world());
    };
    const auto under = bench.run(options);
    bench.world().show();
    const auto after = bench.run_after(under);
    const auto when = fmt::format("{} vanished before call {} of sf.fs/1 and came back after the run", what, nth);
    bench.require_good(after, when);
    bench.require_all({&under, &after}, when);
  }
}

void vanish_on_every_call(Bench& bench) {
  if (bench.profile.protocol == Protocol::none) skip("the kit has no files for this source");
  bench.begin();
  const auto whole = bench.run();
  if (whole.fs_calls == 0) skip("the source does not use sf.fs/1");
  bench.require_good(whole, "with nothing vanishing");
  vanish_before_each(bench, 1, whole.fs_calls, "its files", [](World& world) { world.hide(); });
  // One of several that it has listed: what comes behind it must not carry the position past it.
  if (bench.profile.protocol == Protocol::directory && whole.fs_first_list != 0)
    vanish_before_each(bench, whole.fs_first_list + 1, whole.fs_calls, "its first file",
                       [](World& world) { world.hide_first(); });
}

// What a run after the loss of a file may do: fail once, where it tells of an interval that is not whole.
enum class Loss { none, told };

void require_good(Bench& bench, const Transcript& run, const std::string& when, Loss loss) {
  const auto open = [](const auto& asked) { return !asked.complete; };
  if (loss == Loss::told && std::any_of(run.intervals.begin(), run.intervals.end(), open)) return;
  bench.require_good(run, when);
}

void put_and_run(Bench& bench, std::vector<Transcript>& runs, const std::string& when, Loss loss = Loss::none) {
  bench.put(bench.some(3, -kMinuteMs, kSecondMs));
  runs.push_back(runs.empty() ? bench.run() : bench.run_after(runs.back()));
  require_good(bench, runs.back(), when, loss);
}

void require_all(Bench& bench, const std::vector<Transcript>& runs, const std::string& when) {
  std::vector<const Transcript*> all;
  all.reserve(runs.size());
  for (const auto& run : runs) all.push_back(&run);
  bench.require_all(all, when);
}

// `happens` between two runs, each a process of its own; then once more while one process goes on.
void between_runs(Bench& bench, const std::string& what, const std::function<void(AlertFile&)>& happens,
                  Loss loss = Loss::none) {
  std::vector<Transcript> runs;
  auto& file = bench.file();
  put_and_run(bench, runs, "before " + what);
  happens(file);
  put_and_run(bench, runs, "after " + what, loss);
  put_and_run(bench, runs, "two runs after " + what);
  require_all(bench, runs, what + " between two runs");
}

void while_running(Bench& bench, const std::string& what, const std::function<void(AlertFile&)>& happens) {
  auto& file = bench.file();
  bench.put(bench.some(3, -kMinuteMs, kSecondMs));
  const auto settings = bench.stage();
  TestHost host(settings, bench.clock, bench.state_dir());
  Driver driver(host, bench.plugin, settings);
  const RunOptions options;
  require(driver.open(options), "it could not begin: " + driver.transcript().ending());
  driver.drain(options);
  happens(file);
  bench.put(bench.some(3, -kMinuteMs, kSecondMs));
  driver.drain(options);
  driver.drain(options);
  const auto t = driver.take();
  bench.judge(t);
  bench.require_all({&t}, what + " between two polls of one process");
}

// What was written after the last look, and before the file was renamed, must not be lost either.
void rotate(Bench& bench, AlertFile& file) {
  bench.put(bench.some(2, -kMinuteMs, kSecondMs));
  file.rotate("alerts.json.1");
}

void rotation(Bench& bench) {
  bench.file();
  between_runs(bench, "a rotation", [&](AlertFile& file) { rotate(bench, file); });
}

void rotation_while_running(Bench& bench) {
  bench.file();
  while_running(bench, "a rotation", [&](AlertFile& file) { rotate(bench, file); });
}

void two_rotations(Bench& bench) {
  bench.file();
  between_runs(bench, "two rotations", [&](AlertFile& file) {
    rotate(bench, file);
    bench.put(bench.some(3, -kMinuteMs, kSecondMs));
    file.rename_other("alerts.json.1", "alerts.json.2");
    rotate(bench, file);
  });
}

void compressed(Bench& bench) {
  bench.file();
  const auto compress = [](AlertFile& file) {
    file.remove();
    file.dir().create_file("alerts.json.1.gz", gzip_bomb(4096));
  };
  between_runs(bench, "a rotation that compresses", compress, Loss::told);
}

// The next file may get the number of the one before it, and be as long.
void inode_reuse(Bench& bench) {
  auto& file = bench.file();
  std::vector<Transcript> runs;
  bool reused = false;
  for (int i = 0; i < 8; ++i) {
    put_and_run(bench, runs, "with a new file");
    const auto inode = file.inode();
    file.remove();
    bench.put(bench.some(static_cast<std::size_t>(i) + 3, -kMinuteMs, kSecondMs));
    reused = reused || file.inode() == inode;
    runs.push_back(bench.run_after(runs.back()));
    require_good(bench, runs.back(), "with a new file under the old name", Loss::told);
  }
  require_all(bench, runs, "a file was removed and another made under its name");
  if (!reused) bench.warnings.emplace_back("this file system gave each new file another number: reuse was not tried");
}

void missing_window(Bench& bench) {
  auto& file = bench.file();
  std::vector<Transcript> runs;
  put_and_run(bench, runs, "the first run");
  file.rotate("alerts.json.1");
  runs.push_back(bench.run_after(runs.back()));  // it may fail, with a sentence
  put_and_run(bench, runs, "once the new file was there");
  require_all(bench, runs, "a run in which there was no file");
}

void copy_and_cut(Bench& bench) {
  bench.file();
  between_runs(
      bench, "copytruncate", [](AlertFile& file) { file.cut(); }, Loss::told);
}

// The same, and by the next look the file is longer than it was.
void cut_and_grown(Bench& bench) {
  bench.file();
  const auto cut = [&](AlertFile& file) {
    file.cut();
    bench.put(bench.some(9, -kMinuteMs, kSecondMs));
  };
  between_runs(bench, "copytruncate of a file that grew past its old length", cut, Loss::told);
}

void half_a_line(Bench& bench) {
  auto& file = bench.file();
  std::vector<Transcript> runs;
  put_and_run(bench, runs, "the first run");
  auto late = bench.some(1, -kMinuteMs, 0).front();
  const auto cut = late.text.size() / 2;
  file.write(late.text.substr(0, cut));
  const auto half = bench.run_after(runs.back());
  bench.require_good(half, "with half a line at the end");
  require(half.rejected.empty(), "half a line that is still being written was rejected");
  require(half.pushed.empty(), "half a line that is still being written was pushed");
  file.write(late.text.substr(cut));  // whole now, but for its line feed
  runs.push_back(bench.run_after(half));
  file.write("\n");
  runs.push_back(bench.run_after(runs.back()));
  put_and_run(bench, runs, "with the line ended");
  const auto mapping = runs.back().mapping;
  const auto key = key_of_document(late.text, late.id, "poll", mapping, nullptr);
  bool came = false;
  for (const auto& run : runs) came = came || run.keys().contains(key);
  require(came, "a line that was written in two parts did not come");
  require_all(bench, runs, "a line that was written in two parts");
}

}  // namespace

std::vector<Check> file_checks() {
  return {
      {"fs-vanish-on-every-call", "Whatever vanishes before whichever look at it, nothing is lost once it is back.",
       "ABI", vanish_on_every_call},
      {"file-rotation", "A file that was written to and renamed between two runs is read to its end.", "SIEM 12",
       rotation},
      {"file-rotation-while-running", "The same between two polls of one process.", "SIEM 12", rotation_while_running},
      {"file-two-rotations", "Two rotations while nothing ran lose no file.", "SIEM 12", two_rotations},
      {"file-compressed", "A rotation that leaves only a .gz ends nothing; that its text is gone may be told, once.",
       "SIEM 12", compressed},
      {"file-inode-reuse", "A new file with the number of the old one is read from its start.", "SIEM 12", inode_reuse},
      {"file-missing", "A run between the renaming and the new file loses nothing.", "SIEM 12", missing_window},
      {"file-copytruncate", "A file that was cut in place is read from its start.", "SIEM 12", copy_and_cut},
      {"file-copytruncate-grown", "The same when it has outgrown its old length meanwhile.", "SIEM 12", cut_and_grown},
      {"file-half-a-line", "A line is taken once it is whole, and never before.", "SIEM 12", half_a_line},
  };
}

}  // namespace signalfoundry::conformance
