#include <napi.h>

void exportNamespaces(Napi::Env, Napi::Object) {}
