// SPDX-License-Identifier: Apache-2.0
#include "conformance/alert_file.hpp"
#include "conformance/world.hpp"

namespace signalfoundry::conformance {

namespace {

// One file of JSON lines, {file}.
class LinesWorld final : public World {
 public:
  explicit LinesWorld(const Ground& ground)
      : away_(ground.dir.sub("away")), file_(ground.dir.sub("alerts"), "alerts.json") {
    file_.write("");
  }
  std::map<std::string, std::string> places() const override {
    return {{"file", file_.path()}, {"dir", file_.dir().path()}};
  }
  void add(const std::vector<Document>& documents) override {
    for (const auto& one : documents) file_.write(one.text + "\n");
  }
  AlertFile* file() override { return &file_; }
  void hide() override {
    file_.dir()
        .move(file_.name(), away_, "hidden")
        .match([](bool done) { return done; }, [](fs::Gone) { return false; });
  }
  void show() override {
    away_.move("hidden", file_.dir(), file_.name())
        .match([](bool done) { return done; }, [](fs::Gone) { return false; });
  }

 private:
  fs::Dir away_;
  AlertFile file_;
};

// A file for each alert, in {dir}.
class DirectoryWorld final : public World {
 public:
  explicit DirectoryWorld(const Ground& ground) : away_(ground.dir.sub("away")), dir_(ground.dir.sub("alerts")) {}
  std::map<std::string, std::string> places() const override { return {{"dir", dir_.path()}}; }
  void add(const std::vector<Document>& documents) override {
    for (const auto& one : documents) dir_.create_file(std::to_string(++count_) + ".json", one.text);
  }
  void hide() override { move_all(dir_, away_); }
  void hide_first() override {
    dir_.move("1.json", away_, "1.json").match([](bool done) { return done; }, [](fs::Gone) { return false; });
  }
  void show() override { move_all(away_, dir_); }

 private:
  static void move_all(const fs::Dir& from, const fs::Dir& to) {
    std::vector<std::string> names;
    from.list([&](const fs::Listed& one) { return names.emplace_back(one.name), true; });
    for (const auto& name : names)
      from.move(name, to, name).match([](bool done) { return done; }, [](fs::Gone) { return false; });
  }
  fs::Dir away_;
  fs::Dir dir_;
  std::size_t count_ = 0;
};

}  // namespace

std::unique_ptr<World> make_file_world(const Ground& ground, Protocol protocol) {
  if (protocol == Protocol::directory) return std::make_unique<DirectoryWorld>(ground);
  return std::make_unique<LinesWorld>(ground);
}

}  // namespace signalfoundry::conformance
