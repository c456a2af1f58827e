// libseccomp, call by call, in an addon of its own: the rest of ocilab runs where libseccomp is not installed.
// What is allowed, and in which order it is said, TypeScript decides (lib/runtime/seccomp).
#include <napi.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "../errno.hh"
#include "../fd.hh"

namespace {

uint32_t word(const Napi::Value& value) { return value.As<Napi::Number>().Uint32Value(); }

std::string text(const Napi::Value& value) { return value.As<Napi::String>().Utf8Value(); }

// libseccomp returns -errno where the kernel sets errno.
void check(int result, const char* call, const std::string& detail = "") {
  if (result < 0) throw SystemError{-result, call, detail};
}

// [index, operator, value, second value]; the values are BigInts, for they have 64 bits.
scmp_arg_cmp condition(const Napi::Array& parts) {
  const auto datum = [&](uint32_t at) {
    bool lossless;
    return parts.Get(at).As<Napi::BigInt>().Uint64Value(&lossless);
  };
  return {word(parts.Get(0u)), static_cast<scmp_compare>(word(parts.Get(1))), datum(2), datum(3)};
}

Napi::Value wholeFile(Napi::Env env, int fd) {
  struct stat about;
  if (fstat(fd, &about) < 0) fail("fstat");
  auto bytes = Napi::Buffer<uint8_t>::New(env, static_cast<size_t>(about.st_size));
  for (size_t have = 0; have < bytes.Length();) {
    const ssize_t got = pread(fd, bytes.Data() + have, bytes.Length() - have, static_cast<off_t>(have));
    if (got < 0) fail("pread");
    if (got == 0) throw SystemError{EIO, "pread", ""};
    have += static_cast<size_t>(got);
  }
  return bytes;
}

class Filter final : public Napi::ObjectWrap<Filter> {
 public:
  static void define(Napi::Env env, Napi::Object exports) {
    exports.Set("Filter", DefineClass(env, "Filter",
                                      {
                                          InstanceMethod("addArch", &Filter::guarded<&Filter::addArch>),
                                          InstanceMethod("attribute", &Filter::guarded<&Filter::attribute>),
                                          InstanceMethod("rule", &Filter::guarded<&Filter::rule>),
                                          InstanceMethod("export", &Filter::guarded<&Filter::exported>),
                                      }));
  }

  explicit Filter(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<Filter>(info), context_(seccomp_init(word(info[0]))) {
    if (context_ == nullptr) throw toJavaScript(info.Env(), SystemError{EINVAL, "seccomp_init", ""});
  }

  ~Filter() override {
    if (context_ != nullptr) seccomp_release(context_);
  }

 private:
  template <Napi::Value (Filter::*Method)(const Napi::CallbackInfo&)>
  Napi::Value guarded(const Napi::CallbackInfo& info) {
    try {
      return (this->*Method)(info);
    } catch (const SystemError& error) {
      throw toJavaScript(info.Env(), error);
    }
  }

  Napi::Value addArch(const Napi::CallbackInfo& info) {
    check(seccomp_arch_add(context_, word(info[0])), "seccomp_arch_add");
    return info.Env().Undefined();
  }

  Napi::Value attribute(const Napi::CallbackInfo& info) {
    check(seccomp_attr_set(context_, static_cast<scmp_filter_attr>(word(info[0])), word(info[1])), "seccomp_attr_set");
    return info.Env().Undefined();
  }

  // False when libseccomp knows no such system call.
  Napi::Value rule(const Napi::CallbackInfo& info) {
    const std::string name = text(info[1]);
    const int number = seccomp_syscall_resolve_name(name.c_str());
    if (number == __NR_SCMP_ERROR) return Napi::Boolean::New(info.Env(), false);
    const auto list = info[2].As<Napi::Array>();
    std::vector<scmp_arg_cmp> conditions;
    for (uint32_t i = 0; i < list.Length(); i++) conditions.push_back(condition(list.Get(i).As<Napi::Array>()));
    const auto count = static_cast<unsigned>(conditions.size());
    check(seccomp_rule_add_array(context_, word(info[0]), number, count, conditions.data()), "seccomp_rule_add", name);
    return Napi::Boolean::New(info.Env(), true);
  }

  Napi::Value exported(const Napi::CallbackInfo& info) {
    const Fd fd(memfd_create("seccomp", MFD_CLOEXEC));
    if (!fd) fail("memfd_create");
    check(seccomp_export_bpf(context_, fd.get()), "seccomp_export_bpf");
    return wholeFile(info.Env(), fd.get());
  }

  scmp_filter_ctx context_;
};

Napi::Value version(const Napi::CallbackInfo& info) {
  const scmp_version* now = seccomp_version();
  const auto dotted = std::to_string(now->major) + "." + std::to_string(now->minor) + "." + std::to_string(now->micro);
  return Napi::String::New(info.Env(), dotted);
}

Napi::Value nativeArch(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), seccomp_arch_native()); }

// The numbers of system calls in one architecture; below zero where it has no such call.
Napi::Value resolve(const Napi::CallbackInfo& info) {
  const auto names = info[1].As<Napi::Array>();
  auto numbers = Napi::Int32Array::New(info.Env(), names.Length());
  for (uint32_t i = 0; i < names.Length(); i++)
    numbers[i] = seccomp_syscall_resolve_name_arch(word(info[0]), text(names.Get(i)).c_str());
  return numbers;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  Filter::define(env, exports);
  exports.Set("version", Napi::Function::New(env, version));
  exports.Set("nativeArch", Napi::Function::New(env, nativeArch));
  exports.Set("resolve", Napi::Function::New(env, resolve));
  return exports;
}

}  // namespace

NODE_API_MODULE(seccomp, init)
