// SPDX-License-Identifier: Apache-2.0
//
// parallel.hpp - one job on several threads; the first exception comes back to the caller.
#pragma once
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace signalfoundry::pipeline {

// Calls job(worker) for worker 0 .. count-1, the last one on this thread; returns when all are done.
template <class Job>
void parallel(std::size_t count, Job&& job) {
  std::exception_ptr first;
  std::mutex mutex;
  const auto guarded = [&](std::size_t worker) {
    try {
      job(worker);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!first) first = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t worker = 0; worker + 1 < count; ++worker)
      threads.emplace_back([&guarded, worker] { guarded(worker); });
    if (count != 0) guarded(count - 1);
  }
  if (first) std::rethrow_exception(first);
}

}  // namespace signalfoundry::pipeline
