// Files below a root that no link can leave (below.hh), call by call. What is to be done with which file, TypeScript
// decides.
#include <fcntl.h>
#include <linux/limits.h>
#include <napi.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <cstring>
#include <string>

#include "below.hh"
#include "errno.hh"
#include "fd.hh"
#include "newNames.hh"
#include "promise.hh"
#include "tree.hh"

namespace {

std::string bytes(const Napi::Value& value) {
  auto buffer = value.As<Napi::Buffer<char>>();
  return std::string(buffer.Data(), buffer.Length());
}

template <typename T>
T number(const Napi::Value& value) {
  return static_cast<T>(value.As<Napi::Number>().Int64Value());
}

timespec seconds(const Napi::Value& whole, const Napi::Value& part) {
  return {number<time_t>(whole), number<long>(part)};
}

class Root final : public Napi::ObjectWrap<Root> {
 public:
  static void define(Napi::Env env, Napi::Object exports) {
    exports.Set("Root", DefineClass(env, "Root",
                                    {
                                        InstanceMethod("close", &Root::guarded<&Root::close>),
                                        InstanceMethod("mkdir", &Root::guarded<&Root::mkdir>),
                                        InstanceMethod("create", &Root::guarded<&Root::create>),
                                        InstanceMethod("open", &Root::guarded<&Root::open>),
                                        InstanceMethod("symlink", &Root::guarded<&Root::symlink>),
                                        InstanceMethod("link", &Root::guarded<&Root::link>),
                                        InstanceMethod("mknod", &Root::guarded<&Root::mknod>),
                                        InstanceMethod("chown", &Root::guarded<&Root::chown>),
                                        InstanceMethod("chmod", &Root::guarded<&Root::chmod>),
                                        InstanceMethod("utimes", &Root::guarded<&Root::utimes>),
                                        InstanceMethod("setxattr", &Root::guarded<&Root::setxattr>),
                                        InstanceMethod("removexattr", &Root::guarded<&Root::removexattr>),
                                        InstanceMethod("readlink", &Root::guarded<&Root::readlink>),
                                        InstanceMethod("real", &Root::guarded<&Root::real>),
                                        InstanceMethod("xattrs", &Root::guarded<&Root::xattrs>),
                                        InstanceMethod("stat", &Root::guarded<&Root::stat>),
                                        InstanceMethod("readdir", &Root::guarded<&Root::readdir>),
                                        InstanceMethod("remove", &Root::guarded<&Root::remove>),
                                        InstanceMethod("make", &Root::guarded<&Root::make>),
                                    }));
  }

  explicit Root(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    std::string path = bytes(info[0]);
    root_ = Fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    below_ = Below(root_.get());
    if (root_) return;
    SystemError error{errno, "open", path};
    throw toJavaScript(info.Env(), error);
  }

 private:
  using Method = Napi::Value (Root::*)(const Napi::CallbackInfo&);

  // Every method may throw SystemError; JavaScript gets it with its errno.
  template <Method method>
  Napi::Value guarded(const Napi::CallbackInfo& info) {
    try {
      return (this->*method)(info);
    } catch (const SystemError& error) {
      throw toJavaScript(info.Env(), error);
    }
  }

  Napi::Value close(const Napi::CallbackInfo& info) {
    below_.forget();
    root_.reset();
    return info.Env().Undefined();
  }

  Napi::Value mkdir(const Napi::CallbackInfo& info) {
    std::string path = bytes(info[0]);
    Below::Place at = below_.place(path);
    check(mkdirat(at.folder, at.name.c_str(), number<mode_t>(info[1])), "mkdirat", path);
    return info.Env().Undefined();
  }

  // A new file, to be written through the descriptor. Never opens one that is there.
  Napi::Value create(const Napi::CallbackInfo& info) {
    std::string path = bytes(info[0]);
    Below::Place at = below_.place(path);
    int fd = openat(at.folder, at.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    check(fd, "openat", path);
    return Napi::Number::New(info.Env(), fd);
  }

  // A file to be read; links are followed, inside the root. What is no file is not opened, and nothing is answered: a fifo
  // waits for its other end, and some devices act when they are opened.
  Napi::Value open(const Napi::CallbackInfo& info) {
    std::string path = bytes(info[0]);
    Fd found = below_.open(path, O_PATH);
    struct stat is;
    check(fstat(found.get(), &is), "fstat", path);
    if (!S_ISREG(is.st_mode)) return info.Env().Undefined();
    int fd = ::open(procPath(found).c_str(), O_RDONLY | O_CLOEXEC);
    check(fd, "open", path);
    return Napi::Number::New(info.Env(), fd);
  }

  Napi::Value symlink(const Napi::CallbackInfo& info) {
    std::string path = bytes(info[0]);
    Below::Place at = below_.place(path);
    check(symlinkat(bytes(info[1]).c_str(), at.folder, at.name.c_str()), "symlinkat", path);
    return info.Env().Undefined();
  }

  Napi::Value link(const Napi::CallbackInfo& info) {
    std::string path = bytes(info[0]), target = bytes(info[1]);
    Below::Place from = below_.place(target);
    // place() may let go of the folder it has just given.
    Fd folder(dup(from.folder));
    Below::Place at = below_.place(path);
    check(linkat(folder.get(), from.name.c_str(), at.folder, at.name.c_str(), 0), "linkat", path);
    return info.Env().Undefined();
  }

  Napi::Value mknod(const Napi::CallbackInfo& info) {
    std::string path = bytes(info[0]);
    Below::Place at = below_.place(path);
    dev_t device = makedev(number<unsigned>(info[2]), number<unsigned>(info[3]));
    check(mknodat(at.folder, at.name.c_str(), number<mode_t>(info[1]), device), "mknodat", path);
    return info.Env().Undefined();
  }

  Napi::Value chown(const Napi::CallbackInfo& info) {
    std::string path = bytes(info[0]);
    Below::Place at = below_.place(path);
    check(fchownat(at.folder, at.name.c_str(), number<uid_t>(info[1]), number<gid_t>(info[2]), AT_SYMLINK_NOFOLLOW), "fchownat", path);
    return info.Env().Undefined();
  }

  Napi::Value chmod(const Napi::CallbackInfo& info) {
    std::string path = bytes(info[0]);
    Below::Place at = below_.place(path);
    // fchmodat cannot refuse to follow a link; a descriptor of the name itself can.
    Fd file(openat(at.folder, at.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    check(file.get(), "openat", path);
    check(::chmod(procPath(file).c_str(), number<mode_t>(info[1])), "chmod", path);
    return info.Env().Undefined();
  }

  Napi::Value utimes(const Napi::CallbackInfo& info) {
    std::string path = bytes(info[0]);
    Below::Place at = below_.place(path);
    timespec times[2] = {seconds(info[1], info[2]), seconds(info[1], info[2])};
    check(utimensat(at.folder, at.name.c_str(), times, AT_SYMLINK_NOFOLLOW), "utimensat", path);
    return info.Env().Undefined();
  }

  Napi::Value setxattr(const Napi::CallbackInfo& info) {
    std::string path = bytes(info[0]), value = bytes(info[2]);
    std::string name = info[1].As<Napi::String>().Utf8Value();
    Below::Place at = below_.place(path);
    // There is no *at form: the folder's entry in /proc is a path that nobody can exchange.
    std::string through = "/proc/self/fd/" + std::to_string(at.folder) + "/" + at.name;
    check(lsetxattr(through.c_str(), name.c_str(), value.data(), value.size(), 0), "lsetxattr", path + " " + name);
    return info.Env().Undefined();
  }

  Napi::Value removexattr(const Napi::CallbackInfo& info) {
    std::string path = bytes(info[0]);
    std::string name = info[1].As<Napi::String>().Utf8Value();
    Below::Place at = below_.place(path);
    std::string through = "/proc/self/fd/" + std::to_string(at.folder) + "/" + at.name;
    check(lremovexattr(through.c_str(), name.c_str()), "lremovexattr", path + " " + name);
    return info.Env().Undefined();
  }

  Napi::Value readlink(const Napi::CallbackInfo& info) {
    std::string path = bytes(info[0]);
    Below::Place at = below_.place(path);
    char target[PATH_MAX];
    ssize_t length = readlinkat(at.folder, at.name.c_str(), target, sizeof target);
    if (length < 0) fail("readlinkat", path);
    return Napi::Buffer<char>::Copy(info.Env(), target, length);
  }

  // The path of a folder without links in it, from the root; nothing where there is no folder.
  Napi::Value real(const Napi::CallbackInfo& info) {
    std::string path = bytes(info[0]);
    std::string found;
    try {
      Fd folder = below_.open(path, O_PATH | O_DIRECTORY);
      std::string top = pathOf(root_), whole = pathOf(folder);
      if (whole != top) found = whole.substr(top == "/" ? 1 : top.size() + 1);
    } catch (const SystemError& error) {
      if (error.number == ENOENT || error.number == ENOTDIR) return info.Env().Undefined();
      throw;
    }
    return Napi::Buffer<char>::Copy(info.Env(), found.data(), found.size());
  }

  // All extended attributes of a name, as pairs; none where the file system has no such thing.
  Napi::Value xattrs(const Napi::CallbackInfo& info) {
    std::string path = bytes(info[0]);
    Below::Place at = below_.place(path);
    std::string through = "/proc/self/fd/" + std::to_string(at.folder) + "/" + at.name;
    Napi::Array found = Napi::Array::New(info.Env());
    std::string names(XATTR_LIST_MAX, '\0'), value(XATTR_SIZE_MAX, '\0');
    ssize_t length = llistxattr(through.c_str(), names.data(), names.size());
    if (length < 0 && errno == EOPNOTSUPP) return found;
    if (length < 0) fail("llistxattr", path);
    uint32_t count = 0;
    for (const char* name = names.data(); name < names.data() + length; name += strlen(name) + 1) {
      ssize_t size = lgetxattr(through.c_str(), name, value.data(), value.size());
      if (size < 0) fail("lgetxattr", path + " " + name);
      Napi::Array pair = Napi::Array::New(info.Env(), 2);
      pair[0u] = Napi::String::New(info.Env(), name);
      pair[1u] = Napi::Buffer<char>::Copy(info.Env(), value.data(), size);
      found[count++] = pair;
    }
    return found;
  }

  Napi::Value stat(const Napi::CallbackInfo& info) {
    std::string path = bytes(info[0]);
    struct stat found {};
    try {
      Below::Place at = below_.place(path);
      check(fstatat(at.folder, at.name.c_str(), &found, AT_SYMLINK_NOFOLLOW), "fstatat", path);
    } catch (const SystemError& error) {
      if (error.number == ENOENT || error.number == ENOTDIR) return info.Env().Undefined();
      throw;
    }
    return Napi::Number::New(info.Env(), found.st_mode);
  }

  Napi::Value readdir(const Napi::CallbackInfo& info) {
    std::string path = bytes(info[0]);
    Below::Place at = below_.place(path);
    Napi::Array names = Napi::Array::New(info.Env());
    uint32_t count = 0;
    for (const std::string& name : namesIn(at.folder, at.name))
      names[count++] = Napi::Buffer<char>::Copy(info.Env(), name.data(), name.size());
    return names;
  }

  // A name and all below it. Links in it are removed, never followed.
  Napi::Value remove(const Napi::CallbackInfo& info) {
    std::string path = bytes(info[0]);
    Below::Place at = below_.place(path);
    removeAt(at.folder, at.name);
    below_.forget();
    return info.Env().Undefined();
  }

  static std::string pathOf(const Fd& fd) {
    char path[PATH_MAX];
    ssize_t length = ::readlink(procPath(fd).c_str(), path, sizeof path);
    if (length < 0) fail("readlink", procPath(fd));
    return std::string(path, length);
  }

  static std::string procPath(const Fd& fd) { return "/proc/self/fd/" + std::to_string(fd.get()); }

  // A batch of names that are hoped to be new, in order, on another thread; how many were made before one was refused.
  Napi::Value make(const Napi::CallbackInfo& info) {
    auto batch = info[0].As<Napi::Uint8Array>();
    auto held = std::make_shared<Napi::ObjectReference>(Napi::Persistent(batch.As<Napi::Object>()));
    auto made = std::make_shared<uint32_t>();
    // The folder that this thread keeps open may be replaced by the other.
    below_.forget();
    return Task::run(
        info.Env(),
        [root = root_.get(), data = batch.Data(), size = batch.ByteLength(), made] { *made = makeNames(root, data, size); },
        [made, held](Napi::Env env) { return Napi::Number::New(env, *made); });
  }

  Fd root_;
  Below below_{-1};
};

// What is left to do to a file just written: its owner, mode and time, and letting go of it.
Napi::Value finishFile(const Napi::CallbackInfo& info) {
  Fd file(number<int>(info[0]));
  auto owner = info[1].As<Napi::Object>();
  try {
    if (!owner.Get("uid").IsUndefined())
      check(fchown(file.get(), number<uid_t>(owner.Get("uid")), number<gid_t>(owner.Get("gid"))), "fchown", "");
    check(fchmod(file.get(), number<mode_t>(info[2])), "fchmod", "");
    timespec time = seconds(info[3], info[4]);
    timespec times[2] = {time, time};
    check(futimens(file.get(), times), "futimens", "");
  } catch (const SystemError& error) {
    throw toJavaScript(info.Env(), error);
  }
  return info.Env().Undefined();
}

}  // namespace

void exportFiles(Napi::Env env, Napi::Object exports) {
  Root::define(env, exports);
  exports.Set("finishFile", Napi::Function::New(env, finishFile));
}
