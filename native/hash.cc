// SHA-2 on a libuv thread, while the main one receives and sends. The hash itself is OpenSSL's, which Node has in it, or
// is linked with: it is asked for by name, so nothing is built against the headers of any one Node.
#include <dlfcn.h>
#include <napi.h>

#include <memory>
#include <vector>

#include "promise.hh"

namespace {

struct OpenSsl {
  void* (*newContext)();
  void (*freeContext)(void*);
  int (*init)(void* context, const void* algorithm, void* engine);
  int (*update)(void* context, const void* bytes, size_t length);
  int (*final)(void* context, unsigned char* digest, unsigned int* length);
  const void* (*sha256)();
  const void* (*sha512)();

  bool isThere() const { return newContext && freeContext && init && update && final && sha256 && sha512; }
};

template <typename F>
void find(F& function, const char* name) {
  function = reinterpret_cast<F>(dlsym(RTLD_DEFAULT, name));
}

const OpenSsl& openSsl() {
  static const OpenSsl found = [] {
    OpenSsl it{};
    find(it.newContext, "EVP_MD_CTX_new");
    find(it.freeContext, "EVP_MD_CTX_free");
    find(it.init, "EVP_DigestInit_ex");
    find(it.update, "EVP_DigestUpdate");
    find(it.final, "EVP_DigestFinal_ex");
    find(it.sha256, "EVP_sha256");
    find(it.sha512, "EVP_sha512");
    return it;
  }();
  return found;
}

class Hash final : public Napi::ObjectWrap<Hash> {
 public:
  static void define(Napi::Env env, Napi::Object exports) {
    exports.Set("Hash", DefineClass(env, "Hash", {InstanceMethod("update", &Hash::update), InstanceMethod("digest", &Hash::digest)}));
  }

  // new Hash('sha256' | 'sha512')
  explicit Hash(const Napi::CallbackInfo& info) : ObjectWrap(info), context_(openSsl().newContext(), openSsl().freeContext) {
    const bool isLong = info[0].As<Napi::String>().Utf8Value() == "sha512";
    const void* algorithm = isLong ? openSsl().sha512() : openSsl().sha256();
    if (!context_ || openSsl().init(context_.get(), algorithm, nullptr) != 1)
      throw Napi::Error::New(info.Env(), "OpenSSL has no such hash");
  }

 private:
  // update(chunks) -> a promise; until it is kept, the chunks stay as they are, and nothing else is asked of the hash.
  Napi::Value update(const Napi::CallbackInfo& info) {
    auto chunks = info[0].As<Napi::Array>();
    std::vector<std::pair<const void*, size_t>> pieces;
    for (uint32_t i = 0; i < chunks.Length(); i++) {
      auto chunk = chunks.Get(i).As<Napi::Uint8Array>();
      pieces.emplace_back(chunk.Data(), chunk.ByteLength());
    }
    // What the thread reads must not be collected; it is let go of on the main thread, with the task.
    auto held = std::make_shared<Napi::ObjectReference>(Napi::Persistent(chunks.As<Napi::Object>()));
    return Task::run(
        info.Env(),
        [context = context_, pieces = std::move(pieces)] {
          for (const auto& [bytes, length] : pieces) openSsl().update(context.get(), bytes, length);
        },
        [held](Napi::Env env) { return env.Undefined(); });
  }

  // digest() -> its bytes, once
  Napi::Value digest(const Napi::CallbackInfo& info) {
    unsigned char bytes[64];
    unsigned int length = 0;
    openSsl().final(context_.get(), bytes, &length);
    return Napi::Buffer<unsigned char>::Copy(info.Env(), bytes, length);
  }

  std::shared_ptr<void> context_;
};

}  // namespace

void exportHash(Napi::Env env, Napi::Object exports) {
  if (openSsl().isThere()) Hash::define(env, exports);
}
