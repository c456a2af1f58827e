// The only file that lists what JavaScript can call. lib/kernel.ts is its other half.
#include <napi.h>

void exportNetlink(Napi::Env env, Napi::Object exports);     // netlink.cc: one request, all its answers
void exportNamespaces(Napi::Env env, Napi::Object exports);  // namespaces.cc: named network namespaces
void exportFiles(Napi::Env env, Napi::Object exports);       // files.cc: files below a root that links can't leave
void exportDescriptors(Napi::Env env, Napi::Object exports); // descriptors.cc: those of other processes
void exportLock(Napi::Env env, Napi::Object exports);        // lock.cc: flock(2)
void exportHash(Napi::Env env, Napi::Object exports);        // hash.cc: SHA-2 beside the main thread
void exportProcess(Napi::Env env, Napi::Object exports);     // process.cc: starts native/init, and listens to it

static Napi::Object init(Napi::Env env, Napi::Object exports) {
  exportNetlink(env, exports);
  exportNamespaces(env, exports);
  exportFiles(env, exports);
  exportDescriptors(env, exports);
  exportLock(env, exports);
  exportHash(env, exports);
  exportProcess(env, exports);
  return exports;
}

NODE_API_MODULE(ocilab, init)
