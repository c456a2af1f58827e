#pragma once
#include <napi.h>

#include <cerrno>
#include <cstring>
#include <string>

// A failed system call on its way to JavaScript, where kernel.ts makes a KernelError of it.
struct SystemError {
  int number;
  std::string syscall;
  std::string detail;  // a path, or the kernel's ext-ack text
};

// Throws what errno says now.
[[noreturn]] inline void fail(const char* syscall, std::string detail = "") {
  throw SystemError{errno, syscall, std::move(detail)};
}

inline Napi::Error toJavaScript(Napi::Env env, const SystemError& error) {
  Napi::Error result = Napi::Error::New(env, error.syscall + ": " + strerror(error.number));
  result.Set("errno", Napi::Number::New(env, error.number));
  result.Set("syscall", Napi::String::New(env, error.syscall));
  result.Set("detail", Napi::String::New(env, error.detail));
  return result;
}
