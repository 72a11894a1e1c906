// entry/ `vaiven/websocket`: RFC 6455 for programs that want WebSocket without events. No part of Socket.IO's protocol is in it.
export { type ErrorCode, VaivenError } from "../errors.js";
export type { DeflateOptions } from "../frame/deflate.js";
export { connect, type WebSocketClientOptions } from "../node/websocket-client.js";
export type { WebSocketEnding, WebSocketPeerEvents } from "../node/websocket-link.js";
export type { WebSocketOptions } from "../node/websocket-options.js";
export { type SendOptions, type WebSocketBytes, WebSocketPeer } from "../node/websocket-peer.js";
export { WebSocketServer, type WebSocketServerEvents } from "../node/websocket-server.js";
export type { WebSocketRefusal, WebSocketServerOptions, WebSocketVerdict } from "../node/websocket-server-options.js";
