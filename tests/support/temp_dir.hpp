// SPDX-License-Identifier: Apache-2.0
//
// temp_dir.hpp - a directory of a test's own, gone with all it holds at the end of its scope. One thread.
#pragma once
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

class TempDir {
 public:
  TempDir() {
    // Without links (macOS and some CI have one in TMPDIR), so that paths in messages can be compared as text.
    path_ = (std::filesystem::canonical(std::filesystem::temp_directory_path()) / "sf-test-XXXXXX").string();
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("cannot make a temporary directory: " + path_);
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

  // Writes a file, its directories included, and gives its path. Mode 0600.
  std::string write(std::string_view name, std::string_view text) const {
    const std::string file = *this / name;
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
    out.close();
    if (!out || ::chmod(file.c_str(), 0600) != 0) throw std::runtime_error("cannot write " + file);
    return file;
  }
  std::string read(std::string_view name) const {
    std::ifstream in(*this / name, std::ios::binary);
    if (!in) throw std::runtime_error("cannot read " + *this / name);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }
  // Makes a directory and gives its path.
  std::string make(std::string_view name) const {
    const std::string directory = *this / name;
    std::filesystem::create_directories(directory);
    return directory;
  }

 private:
  std::string path_;
};
