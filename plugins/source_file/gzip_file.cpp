// SPDX-License-Identifier: Apache-2.0
#include "gzip_file.hpp"

#include <signalfoundry/error.hpp>

#include <zlib.h>

#include <algorithm>

namespace source_file {

namespace {

constexpr std::size_t kPiece = std::size_t{64} << 10U;
constexpr int kGzipOnly = 16 + MAX_WBITS;  // zlib.h, inflateInit2

}  // namespace

struct GzipFile::State {
  explicit State(Read from) : read(std::move(from)) { begin(); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { inflateEnd(&z); }

  void begin() {
    z = {};
    if (inflateInit2(&z, kGzipOnly) != Z_OK) throw sf::Error(SF_RETRY, "no memory to decompress a .gz; try again");
    in.clear();
    in_at = place = 0;
    short_read = any_member = in_member = ended = false;
    damage.clear();
  }
  void restart() {
    inflateEnd(&z);
    begin();
  }

  // More compressed bytes behind what is left of the last ones. False: the file is gone.
  bool fill() {
    const std::size_t used = in.size() - z.avail_in;
    in.erase(0, used);
    const auto more = read(in_at, kPiece);
    if (!more) return false;
    in_at += more->size();
    short_read = more->size() < kPiece;
    in += *more;
    z.next_in = reinterpret_cast<Bytef*>(in.data());
    z.avail_in = static_cast<uInt>(in.size());
    return true;
  }

  // Between two members: is there another one? False: the file is gone.
  bool look_for_member() {
    while (z.avail_in < 2) {
      if (short_read) break;
      if (!fill()) return false;
    }
    const auto* at = z.next_in;
    if (z.avail_in >= 2 && at[0] == 0x1f && at[1] == 0x8b) {
      inflateReset(&z);
      any_member = in_member = true;
      return true;
    }
    ended = true;
    const bool zeros = std::all_of(at, at + z.avail_in, [](Bytef b) { return b == 0; });
    if (!any_member) damage = z.avail_in == 0 ? "it is empty" : "it is not in gzip's format";
    if (any_member && !zeros) damage = "something that is not in gzip's format follows";
    return true;
  }

  // Puts up to `limit` bytes to `out` (which has the room), fewer at the end. Nothing: the file is gone.
  std::optional<std::size_t> inflate_to(char* out, std::size_t limit) {
    z.next_out = reinterpret_cast<Bytef*>(out);
    z.avail_out = static_cast<uInt>(limit);
    while (z.avail_out != 0 && !ended) {
      if (!in_member) {
        if (!look_for_member()) return std::nullopt;
        continue;
      }
      if (z.avail_in == 0 && !fill()) return std::nullopt;
      const auto before = z.avail_out;
      const int answer = z.avail_in == 0 ? Z_BUF_ERROR : inflate(&z, Z_NO_FLUSH);
      place += before - z.avail_out;
      if (answer == Z_OK) continue;
      if (answer == Z_STREAM_END) {
        in_member = false;
        continue;
      }
      if (answer == Z_MEM_ERROR) throw sf::Error(SF_RETRY, "no memory to decompress a .gz; try again");
      ended = true;
      damage = answer == Z_BUF_ERROR
                   ? "it ends in the middle"
                   : "it is damaged before byte " + std::to_string(in_at - z.avail_in) + " of its compressed bytes";
    }
    return limit - z.avail_out;
  }

  Read read;
  z_stream z{};
  std::string in;           // compressed; z.next_in points into it
  std::uint64_t in_at = 0;  // the place of the compressed byte that is read next
  std::uint64_t place = 0;  // the place of the decompressed byte that comes next
  bool short_read = false;  // the last read reached the end
  bool any_member = false;
  bool in_member = false;
  bool ended = false;
  std::string damage;
};

GzipFile::GzipFile(Read read) : state_(std::make_unique<State>(std::move(read))) {}
GzipFile::GzipFile(GzipFile&&) noexcept = default;
GzipFile& GzipFile::operator=(GzipFile&&) noexcept = default;
GzipFile::~GzipFile() = default;

const std::string& GzipFile::damage() const {
  return state_->damage;
}

std::optional<std::string> GzipFile::read(std::uint64_t offset, std::size_t limit) {
  if (offset < state_->place) state_->restart();
  std::string out(std::min(limit, kPiece), '\0');
  while (state_->place < offset) {
    const auto got = state_->inflate_to(out.data(), std::min<std::uint64_t>(out.size(), offset - state_->place));
    if (!got) return std::nullopt;
    if (*got == 0) return std::string();
  }
  std::size_t have = 0;
  while (have < limit) {
    out.resize(std::min(limit, have + kPiece));
    const auto got = state_->inflate_to(out.data() + have, out.size() - have);
    if (!got) return std::nullopt;
    have += *got;
    if (have < out.size()) break;
  }
  out.resize(have);
  return out;
}

}  // namespace source_file
