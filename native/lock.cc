// flock(2): a lock that the kernel lets go of when its holder ends, however it ends.
#include <napi.h>
#include <sys/file.h>

#include "errno.hh"

// tryLock(fd) -> whether it is ours now
static Napi::Value tryLock(const Napi::CallbackInfo& info) {
  const int fd = info[0].As<Napi::Number>();
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return Napi::Boolean::New(info.Env(), true);
  if (errno != EWOULDBLOCK) throw toJavaScript(info.Env(), {errno, "flock", ""});
  return Napi::Boolean::New(info.Env(), false);
}

void exportLock(Napi::Env env, Napi::Object exports) { exports.Set("tryLock", Napi::Function::New(env, tryLock)); }
