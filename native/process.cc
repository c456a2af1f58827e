// Starting native/init, and listening to it: node:child_process has neither a sealed copy nor sockets to hand over.
#include <fcntl.h>
#include <napi.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "errno.hh"
#include "fd.hh"

// A copy of the program in memory that nobody can write to any more, not even through /proc/PID/exe.
static int sealedCopy(const char* path) {
  Fd file(open(path, O_RDONLY | O_CLOEXEC));
  if (!file) fail("open", path);
  struct stat is;
  if (fstat(file.get(), &is) < 0) fail("fstat", path);
  Fd copy(memfd_create("ocirun-init", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!copy) fail("memfd_create");
  for (off_t left = is.st_size; left > 0;) {
    const ssize_t put = sendfile(copy.get(), file.get(), nullptr, static_cast<size_t>(left));
    if (put <= 0) fail("sendfile", path);
    left -= put;
  }
  if (fchmod(copy.get(), 0500) < 0) fail("fchmod", path);
  if (fcntl(copy.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0) fail("fcntl", path);
  // A descriptor that can write would keep the copy busy, and execve says so: it is opened again.
  const int readOnly = open(("/proc/self/fd/" + std::to_string(copy.get())).c_str(), O_RDONLY | O_CLOEXEC);
  if (readOnly < 0) fail("open", path);
  return readOnly;
}

struct Pair {
  Fd ours, theirs;
};

static Pair newPair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) fail("socketpair");
  return {Fd(ends[0]), Fd(ends[1])};
}

// Whether a descriptor came from whoever started this program. Node marks them all to be closed, those it was given, too;
// what it opens itself, where there was a gap, are queues of events.
static bool isGiven(int fd) {
  char is[32] = "";
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  return readlink(link.c_str(), is, sizeof is - 1) > 0 && strncmp(is, "anon_inode:", 11) != 0;
}

// startInit(path, [descriptors], preserved) -> {pid, channel, watch}
// The descriptors become 0, 1, 2; `preserved` more, from 3 on, are those we were given; the two sockets come after them.
static Napi::Value startInit(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  try {
    static const int program = sealedCopy(info[0].As<Napi::String>().Utf8Value().c_str());
    const auto streams = info[1].As<Napi::Array>();
    const int preserved = info[2].As<Napi::Number>();
    Pair channel = newPair(), watch = newPair();
    const int first = 3 + preserved;
    // What is to be moved may lie where something else is to go: first all are moved out of the way.
    std::vector<Fd> away;
    const auto moveAway = [&](int fd) {
      away.emplace_back(fcntl(fd, F_DUPFD_CLOEXEC, first + 2));
      if (!away.back()) fail("fcntl", "F_DUPFD_CLOEXEC");
      return away.back().get();
    };
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (uint32_t i = 0; i < 3; i++)
      posix_spawn_file_actions_adddup2(&actions, moveAway(streams.Get(i).As<Napi::Number>()), static_cast<int>(i));
    for (int fd = 3; fd < first; fd++)
      if (isGiven(fd)) posix_spawn_file_actions_adddup2(&actions, fd, fd);
    posix_spawn_file_actions_adddup2(&actions, moveAway(channel.theirs.get()), first);
    posix_spawn_file_actions_adddup2(&actions, moveAway(watch.theirs.get()), first + 1);
    const std::string path = "/proc/self/fd/" + std::to_string(program);
    std::string name = "ocirun-init", one = std::to_string(first), two = std::to_string(first + 1);
    char* arguments[] = {name.data(), one.data(), two.data(), nullptr};
    char* environment[] = {nullptr};
    pid_t pid;
    const int error = posix_spawn(&pid, path.c_str(), &actions, nullptr, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    if (error) {
      errno = error;
      fail("posix_spawn", path.c_str());
    }
    auto started = Napi::Object::New(env);
    started.Set("pid", pid);
    started.Set("channel", channel.ours.release());
    started.Set("watch", watch.ours.release());
    return started;
  } catch (const SystemError& error) {
    throw toJavaScript(env, error);
  }
}

// pipe() -> [read, write]
static Napi::Value newPipe(const Napi::CallbackInfo& info) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) throw toJavaScript(info.Env(), {errno, "pipe2", ""});
  auto both = Napi::Array::New(info.Env(), 2);
  both.Set(0u, ends[0]);
  both.Set(1u, ends[1]);
  return both;
}

// receive(fd, callback): the next message of native/init, or nothing when it has none to send any more.
// Each waits on a thread of its own: a container may run for days, and the threads of libuv are four.
static Napi::Value receive(const Napi::CallbackInfo& info) {
  const int fd = info[0].As<Napi::Number>();
  auto done = Napi::ThreadSafeFunction::New(info.Env(), info[1].As<Napi::Function>(), "ocilab.receive", 0, 1);
  if (info[2].As<Napi::Boolean>()) done.Unref(info.Env());
  std::thread([fd, done]() mutable {
    auto message = std::make_shared<std::vector<uint8_t>>(16);
    ssize_t got = recv(fd, message->data(), 16, MSG_WAITALL);
    if (got == 16) {
      uint32_t length;
      memcpy(&length, message->data() + 12, sizeof length);
      message->resize(16 + (length < 4096 ? length : 0));
      if (message->size() > 16) got = recv(fd, message->data() + 16, message->size() - 16, MSG_WAITALL);
    } else {
      message->clear();
    }
    done.BlockingCall([message](Napi::Env env, Napi::Function callback) {
      try {
        if (message->empty()) callback.Call({env.Undefined()});
        else callback.Call({Napi::Buffer<uint8_t>::Copy(env, message->data(), message->size())});
      } catch (const Napi::Error&) {
        // The callback settles a promise and throws nothing: the program is ending, and runs no JavaScript any more.
      }
    });
    done.Release();
  }).detach();
  return info.Env().Undefined();
}

// reap(pid): waits for a process that startInit started, which has said its last word
static Napi::Value reap(const Napi::CallbackInfo& info) {
  const pid_t pid = info[0].As<Napi::Number>();
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return info.Env().Undefined();
}

void exportProcess(Napi::Env env, Napi::Object exports) {
  exports.Set("startInit", Napi::Function::New(env, startInit));
  exports.Set("pipe", Napi::Function::New(env, newPipe));
  exports.Set("receive", Napi::Function::New(env, receive));
  exports.Set("reap", Napi::Function::New(env, reap));
}
