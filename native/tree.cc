#include "tree.hh"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
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

namespace {

struct Level {
  std::string name;
  std::vector<std::string> names;
  dev_t device;
  ino_t inode;
};

bool isNoFile() { return errno == EISDIR || errno == EPERM; }

}  // namespace

// Without recursion and with one descriptor: an image may nest folders deeper than a stack, and than a process may open.
void removeAt(int folder, const std::string& name) {
  if (unlinkat(folder, name.c_str(), 0) == 0) return;
  if (!isNoFile()) fail("unlinkat", name);
  std::vector<Level> stack;
  Fd here;
  auto enter = [&](int parent, const std::string& child) {
    Fd fd(openat(parent, child.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    struct stat found {};
    if (!fd || fstat(fd.get(), &found) < 0) fail("openat", child);
    stack.push_back({child, namesIn(fd.get(), "."), found.st_dev, found.st_ino});
    here = std::move(fd);
  };
  auto leave = [&] {
    std::string done = std::move(stack.back().name);
    stack.pop_back();
    if (stack.empty()) {
      if (unlinkat(folder, done.c_str(), AT_REMOVEDIR) < 0) fail("unlinkat", done);
      return;
    }
    Fd above(openat(here.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat found {};
    if (!above || fstat(above.get(), &found) < 0) fail("openat", "..");
    // A folder that somebody moves meanwhile would lead us out.
    if (found.st_dev != stack.back().device || found.st_ino != stack.back().inode) {
      errno = ESTALE;
      fail("openat", "..");
    }
    here = std::move(above);
    if (unlinkat(here.get(), done.c_str(), AT_REMOVEDIR) < 0) fail("unlinkat", done);
  };
  enter(folder, name);
  while (!stack.empty()) {
    std::vector<std::string>& names = stack.back().names;
    if (names.empty()) {
      leave();
      continue;
    }
    std::string child = std::move(names.back());
    names.pop_back();
    if (unlinkat(here.get(), child.c_str(), 0) == 0) continue;
    if (!isNoFile()) fail("unlinkat", child);
    enter(here.get(), child);
  }
}
