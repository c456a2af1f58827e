#pragma once
#include <napi.h>

#include <functional>
#include <optional>

#include "errno.hh"

// The one way to work off the main thread: `work` runs on a libuv thread and may throw SystemError,
// `result` makes the JavaScript value on the main thread. Nothing here may call setns: a libuv thread is shared.
class Task final : public Napi::AsyncWorker {
 public:
  using Work = std::function<void()>;
  using Result = std::function<Napi::Value(Napi::Env)>;

  static Napi::Promise run(Napi::Env env, Work work, Result result) {
    auto* task = new Task(env, std::move(work), std::move(result));
    task->Queue();
    return task->deferred_.Promise();
  }

 private:
  Task(Napi::Env env, Work work, Result result)
      : AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)), work_(std::move(work)), result_(std::move(result)) {}

  void Execute() override {
    try {
      work_();
    } catch (const SystemError& error) {
      error_ = error;
    }
  }

  void OnOK() override {
    if (error_)
      deferred_.Reject(toJavaScript(Env(), *error_).Value());
    else
      deferred_.Resolve(result_(Env()));
  }

  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

  Napi::Promise::Deferred deferred_;
  Work work_;
  Result result_;
  std::optional<SystemError> error_;
};
