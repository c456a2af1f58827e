/**
 * node:http and node:https, not imported but asked for: an import reads every export there is, and one of node:http's,
 * WebSocket, then loads all of undici, which takes longer than a small pull.
 */
export const http = process.getBuiltinModule('node:http')
export const https = process.getBuiltinModule('node:https')
