#include <napi.h>

void exportNetlink(Napi::Env, Napi::Object) {}
