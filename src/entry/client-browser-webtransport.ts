// entry/ `vaiven-client/webtransport`: the WebTransport transport for browsers, as a class for the `transports` option. Apart, because few pages can use it.
export { WebTransport } from "../browser/webtransport-transport.js";
