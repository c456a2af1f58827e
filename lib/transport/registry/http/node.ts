/**
 * Node's own modules for the network, when they are first needed. Not imported: an import reads every export there is, and
 * one of node:http's, WebSocket, then loads all of undici. TLS alone, with its certificates, is as long in coming as all
 * else of a small copy: nobody loads it for a layout, or for a registry on this machine.
 */
export const node = {
  get http() {
    return process.getBuiltinModule('node:http')
  },
  get https() {
    return process.getBuiltinModule('node:https')
  },
  get tls() {
    return process.getBuiltinModule('node:tls')
  },
}
