// SPDX-License-Identifier: Apache-2.0
#include "alias_reader.hpp"

#include "policy_text.hpp"

namespace triage_policy {

void AliasReader::read(const Node& table, Problems& problems) {
  for (const Member& member : table.members) {
    const std::string label = "[aliases] " + in_quotes(member.key);
    if (member.value.kind != Node::Kind::array) {
      problems.add(member.value.place, label + " must be a list, not " + kind_word(member.value.kind) + ". Write " +
                                           in_quotes(member.key) + " = [\"another name\"].");
      continue;
    }
    std::string host;
    host_into(member.key, host);
    if (host.empty()) {
      problems.add(member.place, label + " is no host name. Write the host's short name.");
      continue;
    }
    const auto where = [&](Place place) { return problems.file() + ":" + std::to_string(place.line); };
    claim(host, member.key, {host, where(member.place), true}, member.place, problems);
    for (const Node& item : member.value.items) {
      std::string other;
      if (item.kind == Node::Kind::string) host_into(item.text, other);
      if (other.empty() || other.find('*') != std::string::npos) {
        problems.add(item.place, label + " has an alias that is no host name. Write a name in quotes, without '*'.");
      } else if (other != host) {
        claim(other, item.text, {host, where(item.place), false}, item.place, problems);
      }
    }
  }
}

void AliasReader::claim(const std::string& name, const std::string& shown, Meaning meaning, Place place,
                        Problems& problems) {
  const auto [at, fresh] = names_.try_emplace(name, meaning);
  if (fresh) return;
  const Meaning& before = at->second;
  if (before.host == meaning.host && before.own != meaning.own) return;
  if (before.host == meaning.host) {
    problems.add(place, "[aliases] " + in_quotes(shown) + " stands for host " + in_quotes(before.host) +
                            " already, in " + before.where + ". Take one out.");
  } else {
    problems.add(place, "[aliases] " + in_quotes(shown) + " would name two hosts: " + in_quotes(meaning.host) +
                            " here and " + in_quotes(before.host) + " in " + before.where +
                            ". A name must lead to one host.");
  }
}

std::vector<std::pair<std::string, std::vector<std::string>>> AliasReader::take() {
  std::map<std::string, std::vector<std::string>> hosts;
  for (const auto& [name, meaning] : names_) {
    auto& others = hosts[meaning.host];
    if (name != meaning.host) others.push_back(name);
  }
  return {hosts.begin(), hosts.end()};
}

}  // namespace triage_policy
