// SPDX-License-Identifier: Apache-2.0
//
// What plugins get (sf.fs/1), and the queue's own moves, over a state directory.
#include "alert/alert.hpp"
#include "base/log.hpp"
#include "scene.hpp"
#include "unit/core/fs/outcome.hpp"

namespace plugin = signalfoundry::plugin;
namespace queue = signalfoundry::queue;

namespace {

const std::string kKey(32, 'a');
const std::string kAlert = R"({"id":"1","rule":"5"})";
constexpr std::int64_t kTime = 1'726'653'704'000;  // 2024-09-18
const std::string kDay = "2024/09/18";

// A state directory in root/ with one plugin's host.
struct World {
  explicit World(const std::string& root) : files(queue::StateDir::open(root)) {
    signalfoundry::log::set_level(signalfoundry::log::Level(9));
    shared.queue = &files;
    stage.name = "cases";
    alert.bytes = kAlert;
    alert.key = kKey;
    record.alert = &alert;
    record.active_name = "a.json";
  }
  queue::Queue files;
  plugin::Shared shared;
  signalfoundry::config::StageConfig stage;
  signalfoundry::Alert alert;
  plugin::Record record;
  plugin::Host host{shared, stage};
  const sf_dir* dir = nullptr;
  sf_tree* tree = nullptr;
  sf_error error{};

  // "0", or "-5 what it said".
  std::string said(sf_status status) const {
    return status == SF_OK ? "0" : std::to_string(status) + " " + std::string(error.message);
  }
};

World& world(Scene& s) {
  return *static_cast<World*>(s.more.get());
}
sf_str str(const std::string& text) {
  return {text.data(), text.size()};
}

// Opens the world and, of it, the directory "cases".
World& open_world(Scene& s) {
  auto made = std::make_shared<World>(s.root());
  s.more = made;
  static const std::string which = "cases";
  plugin::kFsService.open_dir(made->host.raw(), str(which), &made->dir, &made->error);
  return *made;
}
void begin_tree(World& w, const std::string& path) {
  plugin::kFsService.tree_begin(w.host.raw(), w.dir, str(path), &w.tree, &w.error);
}

// A case over a world, in which `more` is done before.
Case in_world(const std::string& name, const std::string& subject, std::function<void(Scene&, World&)> more,
              std::function<std::string(World&)> call) {
  return {name, subject, [more = std::move(more)](Scene& s) { more(s, open_world(s)); },
          [call = std::move(call)](Scene& s) { return call(world(s)); }};
}
void plain(Scene&, World&) {}
auto with_file(const std::string& path, const std::string& bytes = kAlert) {
  return [=](Scene& s, World&) { s.put(path, bytes); };
}

std::string opened(World& w) {
  static const std::string which = "setting:path";
  return w.said(plugin::kFsService.open_dir(w.host.raw(), str(which), &w.dir, &w.error));
}

std::string listed(World& w) {
  std::string out;
  const auto visit = [](void* impl, const sf_entry* entry) -> std::int32_t {
    *static_cast<std::string*>(impl) += std::string(entry->name.data, entry->name.size) + ";";
    return 0;
  };
  static const std::string all;
  return w.said(plugin::kFsService.list(w.host.raw(), w.dir, str(all), visit, &out, &w.error)) + " " + out;
}

std::string read_by_service(World& w, std::uint64_t limit) {
  static const std::string name = "x";
  sf_entry entry{};
  const auto seen = plugin::kFsService.stat(w.host.raw(), w.dir, str(name), &entry, &w.error);
  if (seen != SF_OK) return w.said(seen);
  std::string out;
  const sf_bytes_sink sink{sizeof(sf_bytes_sink), 0, &out, [](const sf_bytes_sink* self, sf_str piece) -> sf_status {
                             static_cast<std::string*>(self->impl)->append(piece.data, piece.size);
                             return SF_OK;
                           }};
  return w.said(plugin::kFsService.read(w.host.raw(), w.dir, &entry, 0, limit, &sink, &w.error)) + " " + out;
}

std::string written(World& w) {
  static const std::string name = "x";
  return w.said(plugin::kFsService.write_file(w.host.raw(), w.dir, str(name), str(kAlert), &w.error));
}
std::string appended(World& w, std::uint64_t max_bytes) {
  static const std::string name = "x";
  return w.said(plugin::kFsService.append_line(w.host.raw(), w.dir, str(name), str(kAlert), max_bytes, &w.error));
}

std::vector<Case> files() {
  return {
      {"open_dir", "cases", [](Scene& s) { open_world(s).stage.paths["path"] = s.in("cases"); },
       [](Scene& s) { return opened(world(s)); }, true},
      in_world("list", "cases/x", with_file("cases/x"), listed),
      in_world("stat and read", "cases/x", with_file("cases/x"), [](World& w) { return read_by_service(w, 1000); }),
      in_world("stat and read, whole", "cases/x", with_file("cases/x"), [](World& w) { return read_by_service(w, 0); }),
      in_world("write_file", "cases/x", plain, written),
      in_world("write_file, there", "cases/x", with_file("cases/x"), written),
      in_world("append_line", "cases/x", plain, [](World& w) { return appended(w, 0); }),
      in_world(
          "append_line, rotated", "cases/x",
          [](Scene& s, World&) {
            s.put("cases/x", std::string(500, 'x') + "\n");
            s.put("cases/x.1", "older\n");
          },
          [](World& w) { return appended(w, 100); }),
  };
}

std::string tree_added(World& w, const std::string& name) {
  return w.said(plugin::kFsService.tree_add(w.host.raw(), w.tree, str(name), str(kAlert), &w.error));
}
std::string alert_added(World& w, bool may_link) {
  static const std::string name = "artifacts/alert.json";
  w.record.may_link = may_link;
  return w.said(plugin::kFsService.tree_add_alert(w.host.raw(), w.tree, str(name), w.record.handle(), &w.error));
}
std::string published(World& w) {
  return w.said(plugin::kFsService.tree_publish(w.host.raw(), w.tree, &w.error));
}

std::vector<Case> trees() {
  static const std::string path = kDay + "/c-1";
  const auto begun = [](Scene& s, World& w) {
    s.put("active/a.json", kAlert);
    begin_tree(w, path);
    tree_added(w, "case.json");
  };
  const auto again = [begun](Scene& s, World& w) {
    s.put("cases/" + path + "/case.json", "of a crashed attempt");
    begun(s, w);
  };
  const auto second = [begun](Scene& s, World& w) {  // the parent is known from the first
    static const std::string other = kDay + "/c-0";
    begin_tree(w, other);
    published(w);
    begun(s, w);
  };
  return {
      in_world("tree_begin", ".staging/t0", plain, [](World& w) { return begin_tree(w, path), w.said(w.error.code); }),
      in_world("tree_add", ".staging/t0", begun, [](World& w) { return tree_added(w, "a.md"); }),
      in_world("tree_add, deeper", ".staging/t0", begun, [](World& w) { return tree_added(w, "artifacts/b/a.md"); }),
      in_world("tree_add_alert", "active/a.json", begun, [](World& w) { return alert_added(w, true); }),
      in_world("tree_add_alert, copied", "active/a.json", begun, [](World& w) { return alert_added(w, false); }),
      in_world("tree_publish", "cases/" + path, begun, published),
      in_world("tree_publish, again", "cases/" + path, again, published),
      in_world("tree_publish, the second", "cases/" + path, second, published),
      in_world("tree_abort", ".staging/t0", begun,
               [](World& w) { return plugin::kFsService.tree_abort(w.host.raw(), w.tree), "0"; }),
  };
}

}  // namespace

std::vector<Case> service_cases() {
  std::vector<Case> out;
  for (auto part : {files(), trees()}) out.insert(out.end(), part.begin(), part.end());
  for (auto& one : out) one.name = "sf.fs/1 " + one.name;
  return out;
}

std::vector<Case> queue_cases() {
  const auto active = with_file("active/a.json");
  const auto filed = [](Scene& s, World&) {
    s.put("active/a.json", kAlert);
    s.put("processed/" + kDay + "/" + kKey + ".json", "other bytes");
  };
  std::vector<Case> out = {
      {"open", "queue", [](Scene&) {}, [](Scene& s) { return queue::StateDir::open(s.root()).root.path(); }, false, 2},
      in_world("scan_all", "queue/a.json", with_file("queue/a.json"),
               [](World& w) {
                 std::string names;
                 w.files.scan_all([&](const queue::Waiting& one) { return names += one.name, true; });
                 return names;
               }),
      in_world("claim", "queue/a.json", with_file("queue/a.json"),
               [](World& w) { return outcome(w.files.claim("a.json")); }),
      in_world("give_back", "active/a.json", active, [](World& w) { return w.files.give_back("a.json"), "done"; }),
      in_world("drop_active", "active/a.json", active, [](World& w) { return w.files.drop_active("a.json"), "done"; }),
      in_world("finish", "active/a.json", active,
               [](World& w) { return w.files.finish("a.json", kKey, std::string(64, '0'), kTime), "done"; }),
      in_world("finish, taken", "active/a.json", filed,
               [](World& w) { return w.files.finish("a.json", kKey, std::string(64, '0'), kTime), "done"; }),
      in_world("has_processed", "processed/" + kDay, filed,
               [](World& w) { return std::string(w.files.has_processed(kKey, kTime) ? "yes" : "no"); }),
      in_world("quarantine_active", "active/a.json", active,
               [](World& w) { return w.files.quarantine_active("a.json", kKey, "why", "run"); }),
      in_world("quarantine_bytes", "quarantine/" + kKey + "-poll", plain,
               [](World& w) { return w.files.quarantine_bytes("bytes", kKey, "why", "poll", "run"); }),
  };
  for (auto& one : out) one.name = "queue " + one.name;
  return out;
}
