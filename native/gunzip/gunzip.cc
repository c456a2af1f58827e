// gzip (RFC 1952) undone by ISA-L, about twice as fast as zlib does it, and beside the main thread: what has come out can be
// hashed and written meanwhile. An addon of its own, for libisal may be missing; without it node:zlib does the work.
#include <isa-l/igzip_lib.h>
#include <napi.h>

#include <deque>
#include <memory>
#include <mutex>

#include "../promise.hh"

namespace {

constexpr const char* MORE = "more";

// Input, or room for what comes out of it. Whoever lends it may not touch it before the promise is settled.
struct Loan {
  Loan(Napi::Env env, Napi::Uint8Array lent)
      : promise(env), held(Napi::Persistent(lent.As<Napi::Object>())), bytes(lent.Data()), length(lent.ByteLength()) {
    // At the end of the program there may be nobody left to give it back to.
    held.SuppressDestruct();
  }

  size_t left() const { return length - used; }

  void settle(const Napi::Value& answer) {
    promise.Resolve(answer);
    held.Reset();
  }

  Napi::Promise::Deferred promise;
  Napi::ObjectReference held;
  uint8_t* bytes;
  size_t length, used = 0;
  // How the member stood when the loan came back.
  const char* standing = MORE;
};

using Loans = std::deque<std::unique_ptr<Loan>>;

// What both threads know of a stream. One of libuv's goes from room to room and from input to input as long as it has both: on
// a large layer the ways to the main thread and back, one for each, would take a sixth of the time.
class Stream {
 public:
  // A member begins; its header has been read, and what was given before has come back.
  void begin() {
    std::lock_guard lock(mutex_);
    isal_inflate_init(&state_);
    state_.crc_flag = ISAL_GZIP_NO_HDR_VER;
    standing_ = MORE;
  }

  void give(std::unique_ptr<Loan> input) { lend(inputs_, std::move(input)); }
  void fill(std::unique_ptr<Loan> room) { lend(rooms_, std::move(room)); }

  void end() {
    std::lock_guard lock(mutex_);
    ended_ = true;
  }

  // True when a thread has to set out: there is something to do, and none is under way.
  bool setsOut() {
    std::lock_guard lock(mutex_);
    if (underWay_ || !hasWork()) return false;
    return underWay_ = true;
  }

  // On libuv's thread. While it inflates, more may be lent. `comeBack` is called when something has.
  template <typename ComeBack>
  void work(ComeBack comeBack) {
    std::unique_lock lock(mutex_);
    while (hasWork()) {
      if (ended_ || standing_ != MORE) {
        while (!inputs_.empty()) comesBack(inputs_, inputsBack_);
        while (ended_ && !rooms_.empty()) comesBack(rooms_, roomsBack_);
      } else {
        Loan &input = *inputs_.front(), &room = *rooms_.front();
        lock.unlock();
        const int answer = inflate(input, room);
        lock.lock();
        standing_ = standing(answer);
        // Of an input that is used up there may still be something to come out, where there was no room for it.
        if (standing_ != MORE || (input.left() == 0 && room.left() > 0)) comesBack(inputs_, inputsBack_);
        if (room.left() == 0) comesBack(rooms_, roomsBack_);
      }
      comeBack();
    }
    underWay_ = false;
  }

  // On the main thread: keeps the promises of what has come back.
  void settle(Napi::Env env) {
    Loans inputs, rooms;
    {
      std::lock_guard lock(mutex_);
      inputs.swap(inputsBack_);
      rooms.swap(roomsBack_);
    }
    for (const auto& room : rooms) room->settle(Napi::Number::New(env, room->used));
    for (const auto& input : inputs) {
      Napi::Array answer = Napi::Array::New(env, 2);
      answer[0u] = Napi::Number::New(env, input->left());
      answer[1u] = Napi::String::New(env, input->standing);
      input->settle(answer);
    }
  }

 private:
  void lend(Loans& loans, std::unique_ptr<Loan> loan) {
    std::lock_guard lock(mutex_);
    loans.push_back(std::move(loan));
  }

  bool hasWork() const {
    if (ended_) return !inputs_.empty() || !rooms_.empty();
    return !inputs_.empty() && (!rooms_.empty() || standing_ != MORE);
  }

  void comesBack(Loans& loans, Loans& back) {
    loans.front()->standing = ended_ ? "ended" : standing_;
    back.push_back(std::move(loans.front()));
    loans.pop_front();
  }

  int inflate(Loan& input, Loan& room) {
    state_.next_in = input.bytes + input.used;
    state_.avail_in = input.left();
    state_.next_out = room.bytes + room.used;
    state_.avail_out = room.left();
    const int answer = isal_inflate(&state_);
    input.used = input.length - state_.avail_in;
    room.used = room.length - state_.avail_out;
    return answer;
  }

  const char* standing(int answer) const {
    switch (answer) {
      case ISAL_DECOMP_OK:
      case ISAL_END_INPUT:
      case ISAL_OUT_OVERFLOW:
        return state_.block_state == ISAL_BLOCK_FINISH ? "end" : MORE;
      case ISAL_INCORRECT_CHECKSUM:
        return "incorrect checksum";
      case ISAL_INVALID_LOOKBACK:
        return "invalid distance too far back";
      default:
        return "invalid block";
    }
  }

  std::mutex mutex_;
  Loans inputs_, rooms_, inputsBack_, roomsBack_;
  inflate_state state_;
  const char* standing_ = MORE;
  bool ended_ = false, underWay_ = false;
};

// Tells the main thread, while the other goes on, that something has come back.
class Bell {
 public:
  explicit Bell(Napi::Env env, std::shared_ptr<Stream> stream)
      : isGone_(std::make_shared<bool>(false)),
        function_(Function::New(env, "gunzip", 0, 1, stream.get(),
                                [stream, isGone = isGone_](Napi::Env, void*, Stream*) { *isGone = true; })) {
    // It is the thread under way that keeps the program from ending, and nothing else.
    function_.Unref(env);
  }

  // The program's end takes it away before who has it.
  ~Bell() {
    if (!*isGone_) function_.Abort();
  }

  // False when nobody hears it any more.
  bool ring() { return function_.NonBlockingCall() == napi_ok; }

 private:
  static void onRing(Napi::Env env, Napi::Function, Stream* stream, void*) {
    if (env != nullptr) stream->settle(env);
  }
  using Function = Napi::TypedThreadSafeFunction<Stream, void, onRing>;

  std::shared_ptr<bool> isGone_;
  Function function_;
};

class Gunzip final : public Napi::ObjectWrap<Gunzip> {
 public:
  static void define(Napi::Env env, Napi::Object exports) {
    exports.Set("Gunzip", DefineClass(env, "Gunzip",
                                      {
                                          InstanceMethod("begin", &Gunzip::begin),
                                          InstanceMethod("give", &Gunzip::give),
                                          InstanceMethod("fill", &Gunzip::fill),
                                          InstanceMethod("end", &Gunzip::end),
                                      }));
  }

  explicit Gunzip(const Napi::CallbackInfo& info)
      : ObjectWrap(info), stream_(std::make_shared<Stream>()), bell_(std::make_shared<Bell>(info.Env(), stream_)) {}

 private:
  Napi::Value begin(const Napi::CallbackInfo& info) {
    stream_->begin();
    return info.Env().Undefined();
  }

  // give(input) → a promise of [how much of it is left over, how the member stands]
  Napi::Value give(const Napi::CallbackInfo& info) { return lend(info, &Stream::give); }

  // fill(room) → a promise of how much is in it: it is full, or the last
  Napi::Value fill(const Napi::CallbackInfo& info) { return lend(info, &Stream::fill); }

  // Nothing more comes, or nothing more is wanted: what is on loan comes back.
  Napi::Value end(const Napi::CallbackInfo& info) {
    stream_->end();
    setOut(info.Env());
    return info.Env().Undefined();
  }

  Napi::Value lend(const Napi::CallbackInfo& info, void (Stream::*to)(std::unique_ptr<Loan>)) {
    auto loan = std::make_unique<Loan>(info.Env(), info[0].As<Napi::Uint8Array>());
    const auto promise = loan->promise.Promise();
    (*stream_.*to)(std::move(loan));
    setOut(info.Env());
    return promise;
  }

  void setOut(Napi::Env env) {
    if (!stream_->setsOut()) return;
    Task::run(
        env,
        [stream = stream_, bell = bell_, isHeard = true]() mutable {
          stream->work([&] { isHeard = isHeard && bell->ring(); });
        },
        [stream = stream_](Napi::Env env) {
          stream->settle(env);
          return env.Undefined();
        });
  }

  std::shared_ptr<Stream> stream_;
  std::shared_ptr<Bell> bell_;
};

Napi::Object init(Napi::Env env, Napi::Object exports) {
  Gunzip::define(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(gunzip, init)
