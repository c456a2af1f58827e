// Descriptors of other processes, and handing descriptors to them: node:net has no SCM_RIGHTS.
#include <fcntl.h>
#include <napi.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <string>

#include "errno.hh"
#include "fd.hh"

static Fd openProcess(pid_t pid) {
  Fd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!process) fail("pidfd_open");
  return process;
}

// pidfd(pid): a descriptor that is that process, and never another one with its number
static Napi::Value pidfd(const Napi::CallbackInfo& info) {
  try {
    return Napi::Number::New(info.Env(), openProcess(info[0].As<Napi::Number>()).release());
  } catch (const SystemError& error) {
    throw toJavaScript(info.Env(), error);
  }
}

// descriptorOf(pid, fd): a copy of another process's descriptor
static Napi::Value descriptorOf(const Napi::CallbackInfo& info) {
  try {
    const Fd process = openProcess(info[0].As<Napi::Number>());
    const int fd = info[1].As<Napi::Number>();
    const int copy = static_cast<int>(syscall(SYS_pidfd_getfd, process.get(), fd, 0));
    if (copy < 0) fail("pidfd_getfd");
    return Napi::Number::New(info.Env(), copy);
  } catch (const SystemError& error) {
    throw toJavaScript(info.Env(), error);
  }
}

static Fd connected(const std::string& path) {
  // By its descriptor: an address has room for 107 bytes only.
  const Fd at(open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!at) fail("open", path);
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  ("/proc/self/fd/" + std::to_string(at.get())).copy(address.sun_path, sizeof address.sun_path - 1);
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) fail("socket", path);
  if (connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) fail("connect", path);
  return socket;
}

// sendDescriptor(path, text, fd): to whoever listens at that socket, with some words about it
static Napi::Value sendDescriptor(const Napi::CallbackInfo& info) {
  try {
    const std::string path = info[0].As<Napi::String>();
    std::string text = info[1].As<Napi::String>();
    const int fd = info[2].As<Napi::Number>();
    const Fd socket = connected(path);
    alignas(cmsghdr) char room[CMSG_SPACE(sizeof fd)] = {};
    iovec said = {.iov_base = text.data(), .iov_len = text.size()};
    msghdr message = {};
    message.msg_iov = &said;
    message.msg_iovlen = 1;
    message.msg_control = room;
    message.msg_controllen = sizeof room;
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(part), &fd, sizeof fd);
    if (sendmsg(socket.get(), &message, MSG_NOSIGNAL) < 0) fail("sendmsg", path);
    return info.Env().Undefined();
  } catch (const SystemError& error) {
    throw toJavaScript(info.Env(), error);
  }
}

void exportDescriptors(Napi::Env env, Napi::Object exports) {
  exports.Set("pidfd", Napi::Function::New(env, pidfd));
  exports.Set("descriptorOf", Napi::Function::New(env, descriptorOf));
  exports.Set("sendDescriptor", Napi::Function::New(env, sendDescriptor));
}
