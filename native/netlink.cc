// An rtnetlink socket, and requests with all their answers. What the bytes mean is lib/network/message.ts's business.
#include <fcntl.h>
#include <linux/netlink.h>
#include <napi.h>
#include <sched.h>
#include <sys/socket.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "fd.hh"
#include "promise.hh"
#include "thread.hh"

using Bytes = std::vector<uint8_t>;

static void enable(int fd, int option) {
  const int on = 1;
  if (setsockopt(fd, SOL_NETLINK, option, &on, sizeof on) < 0) fail("setsockopt");
}

static Fd openHere() {
  Fd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd) fail("socket");
  enable(fd.get(), NETLINK_EXT_ACK);         // errors come with a sentence
  enable(fd.get(), NETLINK_CAP_ACK);         // and without a copy of the request
  enable(fd.get(), NETLINK_GET_STRICT_CHK);  // a dump answers only what was asked for
  return fd;
}

// A socket belongs for ever to the namespace it was opened in, whoever uses it.
static Fd openIn(const std::string& netns) {
  if (netns.empty()) return openHere();
  Fd fd;
  onOwnThread([&] {
    Fd space(open(netns.c_str(), O_RDONLY | O_CLOEXEC));
    if (!space) fail("open");
    if (setns(space.get(), CLONE_NEWNET) < 0) fail("setns");
    fd = openHere();
  });
  return fd;
}

// One conversation at a time: the answers of two would mix.
class Socket {
 public:
  explicit Socket(Fd fd) : fd_(std::move(fd)) {}

  // One message after another: of several in one send the kernel would carry out those behind a refused one, too.
  // `goOn` wants that; else nothing is sent after the first that is refused.
  Bytes request(const Bytes& messages, bool goOn) {
    std::lock_guard<std::mutex> lock(mutex_);
    Bytes answers;
    for (size_t at = 0; at + sizeof(nlmsghdr) <= messages.size();) {
      nlmsghdr header;
      memcpy(&header, messages.data() + at, sizeof header);
      if (header.nlmsg_len < sizeof header || header.nlmsg_len > messages.size() - at) throw SystemError{EINVAL, "send", ""};
      if (send(fd_.get(), messages.data() + at, header.nlmsg_len, 0) < 0) broken("send");
      End end;
      do end = receive(answers);
      while (end == End::no);
      if (end == End::refused && !goOn) break;
      at += NLMSG_ALIGN(header.nlmsg_len);
    }
    return answers;
  }

 private:
  enum class End { no, done, refused };

  // Appends one datagram; it may end the conversation about a message.
  End receive(Bytes& answers) {
    const size_t before = answers.size();
    const ssize_t size = again([&] { return recv(fd_.get(), nullptr, 0, MSG_PEEK | MSG_TRUNC); });
    if (size < 0) broken("recv");
    answers.resize(before + static_cast<size_t>(size));
    const ssize_t got = again([&] { return recv(fd_.get(), answers.data() + before, static_cast<size_t>(size), 0); });
    if (got < 0) broken("recv");
    answers.resize(before + static_cast<size_t>(got));
    return ends(answers.data() + before, static_cast<size_t>(got));
  }

  static End ends(const uint8_t* bytes, size_t size) {
    while (size >= sizeof(nlmsghdr)) {
      nlmsghdr header;
      memcpy(&header, bytes, sizeof header);
      if (header.nlmsg_type == NLMSG_ERROR || header.nlmsg_type == NLMSG_DONE) {
        int error = 0;
        if (size >= sizeof header + sizeof error) memcpy(&error, bytes + sizeof header, sizeof error);
        return error == 0 ? End::done : End::refused;
      }
      const size_t step = NLMSG_ALIGN(header.nlmsg_len);
      if (step < sizeof header || step >= size) return End::no;
      bytes += step;
      size -= step;
    }
    return End::no;
  }

  template <typename Call>
  static ssize_t again(Call call) {
    ssize_t result;
    do result = call();
    while (result < 0 && errno == EINTR);
    return result;
  }

  // Answers may still be under way: nobody may take them for the answers to another request.
  [[noreturn]] void broken(const char* syscall) {
    const int number = errno;
    fd_.reset();
    throw SystemError{number, syscall, ""};
  }

  Fd fd_;
  std::mutex mutex_;
};

// What JavaScript holds. Closing lets go of it; a request under way keeps its socket to the end.
using Handle = std::shared_ptr<Socket>;

static Napi::Value netlinkOpen(const Napi::CallbackInfo& info) {
  const std::string netns = info[0].IsString() ? info[0].As<Napi::String>().Utf8Value() : "";
  auto handle = std::make_shared<Handle>();
  return Task::run(
      info.Env(), [=] { *handle = std::make_shared<Socket>(openIn(netns)); },
      [=](Napi::Env env) -> Napi::Value {
        return Napi::External<Handle>::New(env, new Handle(*handle), [](Napi::Env, Handle* held) { delete held; });
      });
}

static Napi::Value netlinkRequest(const Napi::CallbackInfo& info) {
  const Handle socket = *info[0].As<Napi::External<Handle>>().Data();
  const auto array = info[1].As<Napi::Uint8Array>();
  Bytes messages(array.Data(), array.Data() + array.ByteLength());
  const bool goOn = info[2].ToBoolean();
  auto answers = std::make_shared<Bytes>();
  return Task::run(
      info.Env(),
      [=] {
        if (!socket) throw SystemError{EBADF, "send", "closed"};
        *answers = socket->request(messages, goOn);
      },
      [=](Napi::Env env) -> Napi::Value { return Napi::Buffer<uint8_t>::Copy(env, answers->data(), answers->size()); });
}

static void netlinkClose(const Napi::CallbackInfo& info) { info[0].As<Napi::External<Handle>>().Data()->reset(); }

void exportNetlink(Napi::Env env, Napi::Object exports) {
  exports.Set("netlinkOpen", Napi::Function::New(env, netlinkOpen));
  exports.Set("netlinkRequest", Napi::Function::New(env, netlinkRequest));
  exports.Set("netlinkClose", Napi::Function::New(env, netlinkClose));
}
