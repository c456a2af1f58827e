// Most members of a layer are names that are not there yet. Made one by one from JavaScript they cost five crossings
// each; here a thread makes hundreds while JavaScript reads the next. Nothing is decided: what is in the way, or has no
// folder to stand in, ends the batch, and JavaScript goes on from there.
#include "newNames.hh"

#include <fcntl.h>
#include <sys/stat.h>

#include <cstring>
#include <string>

#include "below.hh"
#include "errno.hh"

namespace {

// The other half of this is in lib/rootfs/newNames.ts.
struct Header {
  int64_t seconds;
  uint32_t nanoseconds;
  uint32_t kind;
  uint32_t uid, gid;  // both 2^32 - 1: left as they come
  uint32_t mode;
  uint32_t pathLength, dataLength;
};
static_assert(sizeof(Header) == 40);

enum Kind : uint32_t { FILE_OF_DATA, FOLDER, SYMLINK_TO_DATA };

constexpr uid_t ANY = static_cast<uid_t>(-1);

void makeFile(const Below::Place& at, const Header& header, const char* data) {
  Fd file(openat(at.folder, at.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, header.mode & 0777));
  check(file.get(), "openat", at.name);
  for (size_t written = 0; written < header.dataLength;) {
    ssize_t more = write(file.get(), data + written, header.dataLength - written);
    check(static_cast<int>(more), "write", at.name);
    written += static_cast<size_t>(more);
  }
  // Most files come into being as they shall be. To look is cheaper than to change what need not change.
  struct stat is {};
  check(fstat(file.get(), &is), "fstat", at.name);
  const bool isOwned = header.uid == ANY || (header.uid == is.st_uid && header.gid == is.st_gid);
  if (!isOwned) check(fchown(file.get(), header.uid, header.gid), "fchown", at.name);
  if (header.mode != (is.st_mode & 07777)) check(fchmod(file.get(), header.mode), "fchmod", at.name);
  timespec time{header.seconds, header.nanoseconds}, times[2] = {time, time};
  check(futimens(file.get(), times), "futimens", at.name);
}

// Mode and time come last of all, when nothing more is put into it.
void makeFolder(const Below::Place& at, const Header& header) {
  check(mkdirat(at.folder, at.name.c_str(), 0700), "mkdirat", at.name);
  if (header.uid == ANY) return;
  check(fchownat(at.folder, at.name.c_str(), header.uid, header.gid, AT_SYMLINK_NOFOLLOW), "fchownat", at.name);
}

void makeSymlink(const Below::Place& at, const Header& header, const std::string& target) {
  check(symlinkat(target.c_str(), at.folder, at.name.c_str()), "symlinkat", at.name);
  if (header.uid != ANY)
    check(fchownat(at.folder, at.name.c_str(), header.uid, header.gid, AT_SYMLINK_NOFOLLOW), "fchownat", at.name);
  timespec time{header.seconds, header.nanoseconds}, times[2] = {time, time};
  check(utimensat(at.folder, at.name.c_str(), times, AT_SYMLINK_NOFOLLOW), "utimensat", at.name);
}

}  // namespace

uint32_t makeNames(int root, const uint8_t* batch, size_t size) {
  Below below(root);
  uint32_t made = 0;
  try {
    for (const uint8_t* next = batch; next < batch + size; made++) {
      Header header;
      memcpy(&header, next, sizeof header);
      const char* path = reinterpret_cast<const char*>(next + sizeof header);
      const char* data = path + header.pathLength;
      Below::Place at = below.place(std::string(path, header.pathLength));
      if (header.kind == FILE_OF_DATA) makeFile(at, header, data);
      if (header.kind == FOLDER) makeFolder(at, header);
      if (header.kind == SYMLINK_TO_DATA) makeSymlink(at, header, std::string(data, header.dataLength));
      next = reinterpret_cast<const uint8_t*>(data) + header.dataLength;
    }
  } catch (const SystemError&) {
    // Whoever makes it again, alone, gets the same error, or has cleared its way.
  }
  return made;
}
