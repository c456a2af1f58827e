#include <napi.h>

void exportFiles(Napi::Env, Napi::Object) {}
