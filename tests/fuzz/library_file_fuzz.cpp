// SPDX-License-Identifier: Apache-2.0
//
// Goal: no bytes confuse the check of a plugin's file; what passes is a shared library for 64 bits whose segments lie
// within it, and what does not is refused with a sentence that names the file. Input: the file.
#include "plugin/library_file.hpp"

#include <elf.h>

#include <cstring>

#include "fuzz.hpp"

using namespace signalfoundry;
using fuzz::hold;

namespace {

void check_accepted(std::string_view bytes) {
  Elf64_Ehdr header{};
  hold(bytes.size() >= sizeof header);
  std::memcpy(&header, bytes.data(), sizeof header);
  hold(header.e_type == ET_DYN && header.e_ident[EI_CLASS] == ELFCLASS64);
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    const auto at = header.e_phoff + std::uint64_t{i} * sizeof(Elf64_Phdr);
    Elf64_Phdr segment{};
    hold(at >= header.e_phoff && at + sizeof segment <= bytes.size());
    std::memcpy(&segment, bytes.data() + at, sizeof segment);
    if (segment.p_type != PT_LOAD) continue;
    const auto end = segment.p_offset + segment.p_filesz;
    hold(end >= segment.p_offset && end <= bytes.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::text_of(data, size);
  const std::string path = "/plugins/x.sfplugin.so";
  try {
    plugin::check_elf(path, bytes);
    check_accepted(bytes);
  } catch (const Error& error) {
    const std::string_view text = error.what();
    hold(error.code() == Exit::config && text.starts_with(path + ": ") && fuzz::sentence(text, 500));
  }
  return 0;
}
