#pragma once
#include <string>

#include "fd.hh"

// Names below a root that no link can leave: the folder a name stands in is looked up by openat2 with RESOLVE_IN_ROOT, as
// if the root were "/", and the name itself is never followed.
class Below {
 public:
  explicit Below(int root) : root_(root) {}

  struct Place {
    int folder;
    std::string name;
  };

  // The folder a name stands in, and its last part. The last folder is kept open: layers come folder by folder.
  Place place(const std::string& path);

  // A kept folder may now be another one.
  void forget() { folder_.reset(); }

  // What is at a path; a link there is followed, inside the root.
  Fd open(const std::string& path, int flags);

 private:
  int root_;
  Fd folder_;
  std::string folderPath_;
};

// Throws what errno says now, when a system call has failed.
void check(int result, const char* syscall, const std::string& path);
