// gzip (RFC 1952) undone by ISA-L, about twice as fast as zlib does it, and on a libuv thread: what has come out can be
// hashed and written meanwhile. An addon of its own, for libisal may be missing; without it node:zlib does the work.
#include <isa-l/igzip_lib.h>
#include <napi.h>

#include "../promise.hh"

namespace {

// One stream. The caller gives room for what comes out, and may not touch input or room before the promise is settled.
class Gunzip final : public Napi::ObjectWrap<Gunzip> {
 public:
  static void define(Napi::Env env, Napi::Object exports) {
    exports.Set("Gunzip", DefineClass(env, "Gunzip",
                                      {
                                          InstanceMethod("begin", &Gunzip::begin),
                                          InstanceMethod("inflate", &Gunzip::inflate),
                                      }));
  }

  explicit Gunzip(const Napi::CallbackInfo& info) : ObjectWrap(info) {}

 private:
  // A member begins; its header has been read.
  Napi::Value begin(const Napi::CallbackInfo& info) {
    isal_inflate_init(&state_);
    state_.crc_flag = ISAL_GZIP_NO_HDR_VER;
    return info.Env().Undefined();
  }

  // inflate(input, room) → [how much of the input is used, how much of the room is filled, how it stands]
  Napi::Value inflate(const Napi::CallbackInfo& info) {
    auto input = info[0].As<Napi::Uint8Array>(), room = info[1].As<Napi::Uint8Array>();
    state_.next_in = input.Data();
    state_.avail_in = input.ByteLength();
    state_.next_out = room.Data();
    state_.avail_out = room.ByteLength();
    struct Held {
      Napi::ObjectReference stream, input, room;
    };
    auto held = std::make_shared<Held>(Held{Napi::Persistent(info.This().As<Napi::Object>()),
                                            Napi::Persistent(input.As<Napi::Object>()),
                                            Napi::Persistent(room.As<Napi::Object>())});
    auto answer = std::make_shared<int>();
    return Task::run(
        info.Env(), [this, answer] { *answer = isal_inflate(&state_); },
        [this, answer, held, given = state_.avail_in, space = state_.avail_out](Napi::Env env) {
          Napi::Array result = Napi::Array::New(env, 3);
          result[0u] = Napi::Number::New(env, given - state_.avail_in);
          result[1u] = Napi::Number::New(env, space - state_.avail_out);
          result[2u] = Napi::String::New(env, standing(*answer));
          return result;
        });
  }

  const char* standing(int answer) const {
    switch (answer) {
      case ISAL_DECOMP_OK:
      case ISAL_END_INPUT:
      case ISAL_OUT_OVERFLOW:
        return state_.block_state == ISAL_BLOCK_FINISH ? "end" : "more";
      case ISAL_INCORRECT_CHECKSUM:
        return "incorrect checksum";
      case ISAL_INVALID_LOOKBACK:
        return "invalid distance too far back";
      default:
        return "invalid block";
    }
  }

  inflate_state state_;
};

Napi::Object init(Napi::Env env, Napi::Object exports) {
  Gunzip::define(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(gunzip, init)
