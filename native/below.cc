#include "below.hh"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include "errno.hh"

Fd Below::open(const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<__u64>(flags) | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  // openat2 says EAGAIN when it saw a rename race by; the kernel asks us to try again.
  for (;;) {
    long fd = syscall(SYS_openat2, root_, path.empty() ? "." : path.c_str(), &how, sizeof how);
    if (fd >= 0) return Fd(static_cast<int>(fd));
    if (errno != EAGAIN) fail("openat2", path);
  }
}

Below::Place Below::place(const std::string& path) {
  size_t slash = path.rfind('/');
  std::string folder = path.substr(0, slash == std::string::npos ? 0 : slash);
  std::string name = path.substr(slash + 1);  // npos + 1 is 0
  // These are no names: from a folder, ".." leads up, and from the root out of it.
  if (name == "." || name == "..") {
    errno = EINVAL;
    fail("openat2", path);
  }
  if (name.empty()) name.push_back('.');
  if (folder.empty()) return {root_, name};
  if (!folder_ || folder != folderPath_) {
    folder_ = open(folder, O_PATH | O_DIRECTORY);
    folderPath_ = folder;
  }
  return {folder_.get(), name};
}

void check(int result, const char* syscall, const std::string& path) {
  if (result < 0) fail(syscall, path);
}
