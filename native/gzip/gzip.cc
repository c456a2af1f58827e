// gzip (RFC 1952) made by ISA-L, some seven times as fast as zlib makes it, and on a libuv thread: the next bytes can be read
// and hashed meanwhile. An addon of its own, for libisal may be missing; without it node:zlib does the work.
#include <isa-l/igzip_lib.h>
#include <napi.h>

#include <string>
#include <vector>

#include "../promise.hh"

namespace {

// What comes out grows by so much when there is no more room.
constexpr size_t ROOM = 256 << 10;

// One stream.
class Gzip final : public Napi::ObjectWrap<Gzip> {
 public:
  static void define(Napi::Env env, Napi::Object exports) {
    exports.Set("Gzip", DefineClass(env, "Gzip", {InstanceMethod("deflate", &Gzip::deflate)}));
  }

  // The level that finds most; its default header has no time in it and no operating system.
  explicit Gzip(const Napi::CallbackInfo& info) : ObjectWrap(info), memory_(ISAL_DEF_LVL3_DEFAULT) {
    isal_deflate_init(&stream_);
    stream_.level = 3;
    stream_.level_buf = memory_.data();
    stream_.level_buf_size = memory_.size();
    stream_.gzip_flag = IGZIP_GZIP;
  }

 private:
  // deflate(input, isLast) → a promise of what comes out. Until it is kept the input stays as it is, and no more is given.
  Napi::Value deflate(const Napi::CallbackInfo& info) {
    auto input = info[0].As<Napi::Uint8Array>();
    stream_.next_in = input.Data();
    stream_.avail_in = input.ByteLength();
    stream_.end_of_stream = info[1].As<Napi::Boolean>();
    struct Held {
      Napi::ObjectReference stream, input;
    };
    auto held = std::make_shared<Held>(
        Held{Napi::Persistent(info.This().As<Napi::Object>()), Napi::Persistent(input.As<Napi::Object>())});
    auto output = std::make_shared<std::string>();
    return Task::run(
        info.Env(),
        [this, output] {
          // It fails only for levels and flags there are none of. Room that is left says that there is nothing more.
          do {
            const size_t filled = output->size();
            output->resize(filled + ROOM);
            stream_.next_out = reinterpret_cast<uint8_t*>(output->data()) + filled;
            stream_.avail_out = ROOM;
            isal_deflate(&stream_);
            output->resize(output->size() - stream_.avail_out);
          } while (stream_.avail_out == 0);
        },
        [output, held](Napi::Env env) { return Napi::Buffer<char>::Copy(env, output->data(), output->size()); });
  }

  std::vector<uint8_t> memory_;
  isal_zstream stream_;
};

Napi::Object init(Napi::Env env, Napi::Object exports) {
  Gzip::define(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(gzip, init)
