// SPDX-License-Identifier: Apache-2.0
#include "scene.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace stdfs = std::filesystem;
using signalfoundry::fs::Dir;

namespace {

std::string bytes_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// Everything below a directory, following nothing: path to (what lstat says).
std::map<std::string, struct stat> below(const std::string& top) {
  std::map<std::string, struct stat> out;
  std::error_code none;
  for (stdfs::recursive_directory_iterator it(top, none), end; it != end; it.increment(none)) {
    struct stat s {};
    if (::lstat(it->path().c_str(), &s) == 0) out[it->path().string()] = s;
  }
  return out;
}

}  // namespace

Scene::Scene() {
  temp_.write("outside/secret", std::string(kSecret) + " file\n");
  temp_.write("outside/folder/inner", std::string(kSecret) + " folder\n");
  temp_.write("outside/folder/x", std::string(kSecret) + " same name\n");
  temp_.make("root");
  d = Dir::create(in("d"));
  to = Dir::create(in("to"));
  outside_before_ = look_outside();
}

std::string Scene::look_outside() const {
  std::ostringstream out;
  for (const auto& [path, s] : below(outside()))
    out << path << ' ' << s.st_mode << ' ' << s.st_nlink << ' ' << s.st_ino << ' ' << s.st_mtim.tv_sec << '.'
        << s.st_mtim.tv_nsec << ' ' << (S_ISREG(s.st_mode) ? bytes_of(path) : "") << '\n';
  return out.str();
}

void Scene::look_inside(const std::string& struck, std::vector<std::string>& out) const {
  for (const auto& [path, s] : below(temp_.path())) {
    if (path.starts_with(outside())) continue;
    if (S_ISREG(s.st_mode) && s.st_size < 4096 && bytes_of(path).find(kSecret) != std::string::npos)
      out.push_back("the secret from outside is in " + path);
    const bool temporary = path.find("/.tmp-") != std::string::npos;
    if (temporary && struck.find("/.tmp-") == std::string::npos) out.push_back("left over: " + path);
  }
}

std::vector<std::string> Scene::wrong(const std::string& outcome, const std::string& struck, bool follows) const {
  std::vector<std::string> out;
  if (outcome.starts_with("70: ")) out.push_back("a neighbour is no internal error");
  if (outcome.starts_with("not an Error: ")) out.push_back("it threw something else");
  if (follows) return out;
  if (outcome.find(kSecret) != std::string::npos) out.push_back("the secret from outside was read");
  if (look_outside() != outside_before_) out.push_back("something outside changed:\n" + look_outside());
  look_inside(struck, out);
  return out;
}
