#include "tree.hh"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <memory>

#include "errno.hh"
#include "fd.hh"

std::vector<std::string> namesIn(int folder, const std::string& name) {
  int fd = openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) fail("openat", name);
  std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(fd), closedir);
  std::vector<std::string> names;
  while (dirent* entry = ::readdir(stream.get())) {
    std::string found = entry->d_name;
    if (found != "." && found != "..") names.push_back(found);
  }
  return names;
}

// Without recursion: an image may nest folders deeper than a stack.
void removeAt(int folder, const std::string& name) {
  if (unlinkat(folder, name.c_str(), 0) == 0) return;
  if (errno != EISDIR && errno != EPERM) fail("unlinkat", name);
  struct Level {
    Fd folder;
    std::string name;
    std::vector<std::string> names;
  };
  std::vector<Level> stack;
  auto descend = [&](int parent, const std::string& child) {
    Fd fd(openat(parent, child.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) fail("openat", child);
    std::vector<std::string> names = namesIn(fd.get(), ".");
    stack.push_back({std::move(fd), child, std::move(names)});
  };
  descend(folder, name);
  while (!stack.empty()) {
    Level& level = stack.back();
    if (level.names.empty()) {
      std::string done = level.name;
      stack.pop_back();
      int parent = stack.empty() ? folder : stack.back().folder.get();
      if (unlinkat(parent, done.c_str(), AT_REMOVEDIR) < 0) fail("unlinkat", done);
      continue;
    }
    std::string child = std::move(level.names.back());
    level.names.pop_back();
    if (unlinkat(level.folder.get(), child.c_str(), 0) == 0) continue;
    if (errno != EISDIR && errno != EPERM) fail("unlinkat", child);
    descend(level.folder.get(), child);
  }
}
