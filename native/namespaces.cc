// New network namespaces, and the mounts that give them names.
#include <fcntl.h>
#include <napi.h>
#include <sched.h>
#include <sys/mount.h>

#include <memory>
#include <string>

#include "fd.hh"
#include "promise.hh"
#include "thread.hh"

// A descriptor of a new network namespace; the namespace lives as long as somebody holds one, or a mount of it.
static Napi::Value netnsNew(const Napi::CallbackInfo& info) {
  auto fd = std::make_shared<int>(-1);
  return Task::run(
      info.Env(),
      [=] {
        onOwnThread([=] {
          if (unshare(CLONE_NEWNET) < 0) fail("unshare");
          *fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
          if (*fd < 0) fail("open", "/proc/thread-self/ns/net");
        });
      },
      [=](Napi::Env env) -> Napi::Value { return Napi::Number::New(env, *fd); });
}

// A new network namespace that a mount on an empty file holds.
static Napi::Value netnsAdd(const Napi::CallbackInfo& info) {
  const std::string path = info[0].As<Napi::String>();
  return Task::run(
      info.Env(),
      [=] {
        onOwnThread([=] {
          if (unshare(CLONE_NEWNET) < 0) fail("unshare");
          if (mount("/proc/thread-self/ns/net", path.c_str(), "none", MS_BIND, nullptr) < 0) fail("mount", path.c_str());
        });
      },
      [](Napi::Env env) { return env.Undefined(); });
}

// What is below /proc/sys/net is another in each network namespace: whoever opens it decides which.
static Napi::Value openIn(const Napi::CallbackInfo& info) {
  const std::string netns = info[0].As<Napi::String>();
  const std::string path = info[1].As<Napi::String>();
  const int flags = info[2].As<Napi::Number>();
  auto fd = std::make_shared<int>(-1);
  return Task::run(
      info.Env(),
      [=] {
        onOwnThread([=] {
          Fd space(open(netns.c_str(), O_RDONLY | O_CLOEXEC));
          if (!space) fail("open", netns.c_str());
          if (setns(space.get(), CLONE_NEWNET) < 0) fail("setns", netns.c_str());
          *fd = open(path.c_str(), flags | O_CLOEXEC);
          if (*fd < 0) fail("open", path.c_str());
        });
      },
      [=](Napi::Env env) -> Napi::Value { return Napi::Number::New(env, *fd); });
}

static Napi::Value mountAt(const Napi::CallbackInfo& info) {
  const std::string source = info[0].As<Napi::String>();
  const std::string target = info[1].As<Napi::String>();
  const std::string type = info[2].As<Napi::String>();
  const auto flags = static_cast<unsigned long>(info[3].As<Napi::Number>().Int64Value());
  // The file system's own options; none, where it was not told any.
  const std::string data = info[4].IsString() ? info[4].As<Napi::String>().Utf8Value() : "";
  return Task::run(
      info.Env(),
      [=] {
        if (mount(source.c_str(), target.c_str(), type.c_str(), flags, data.empty() ? nullptr : data.c_str()) < 0) fail("mount");
      },
      [](Napi::Env env) { return env.Undefined(); });
}

static Napi::Value unmount(const Napi::CallbackInfo& info) {
  const std::string target = info[0].As<Napi::String>();
  const int flags = info[1].As<Napi::Number>();
  return Task::run(
      info.Env(),
      [=] {
        if (umount2(target.c_str(), flags) < 0) fail("umount2");
      },
      [](Napi::Env env) { return env.Undefined(); });
}

void exportNamespaces(Napi::Env env, Napi::Object exports) {
  exports.Set("netnsNew", Napi::Function::New(env, netnsNew));
  exports.Set("netnsAdd", Napi::Function::New(env, netnsAdd));
  exports.Set("openIn", Napi::Function::New(env, openIn));
  exports.Set("mount", Napi::Function::New(env, mountAt));
  exports.Set("unmount", Napi::Function::New(env, unmount));
}
