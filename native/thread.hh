#pragma once
#include <optional>
#include <thread>

#include "errno.hh"

// Runs `work` on a thread of its own and waits for it. What the thread does to itself (setns, unshare) ends with it;
// on a libuv thread it would stay, and every later task would run in the wrong namespace.
template <typename Work>
void onOwnThread(Work work) {
  std::optional<SystemError> error;
  std::thread([&] {
    try {
      work();
    } catch (const SystemError& thrown) {
      error = thrown;
    }
  }).join();
  if (error) throw *error;
}
