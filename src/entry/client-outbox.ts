// entry/ `vaiven-client/outbox` on Node: events that are kept in a file until a server has them.
export { type Outbox, type OutboxOptions, openOutbox } from "../client/outbox.js";
export { fileStore } from "../node/file-store.js";
export type { OutboxStore, StoredEntry, StoredEvent, StoredState } from "../session/outbox-store.js";
