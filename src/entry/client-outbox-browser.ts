// entry/ `vaiven-client/outbox` in browsers: events that are kept in IndexedDB until a server has them.
export { indexedDbStore } from "../browser/indexed-db-store.js";
export { type Outbox, type OutboxOptions, openOutbox } from "../client/outbox.js";
export type { OutboxStore, StoredEntry, StoredEvent, StoredState } from "../session/outbox-store.js";
