// event/ Ordered lists of listeners. A list is never changed, only replaced: who iterates one keeps a stable view without copying.

/** Any listener, whatever it takes. */
export type Listener = (...args: never[]) => void;

export type ListenerList<L extends Listener = Listener> = readonly L[];

/** `list` with `listener` at its end. */
export function append<L extends Listener>(list: ListenerList<L> | undefined, listener: L): ListenerList<L> {
  return (list || []).concat(listener);
}

/** `list` with `listener` at its beginning. */
export function prepend<L extends Listener>(list: ListenerList<L> | undefined, listener: L): ListenerList<L> {
  return [listener].concat(list || []);
}

/** `list` less one entry, as {@link removeFirst} takes it out, or less all of them if none is named; undefined when nothing is left. */
export function remove<L extends Listener & { fn?: Listener }>(
  list: ListenerList<L> | undefined,
  listener?: Listener,
): ListenerList<L> | undefined {
  return listener && removeFirst(list, listener);
}

/** `list` less the first entry that is `listener` or wraps it as its `fn`; undefined when nothing is left. */
export function removeFirst<L extends Listener & { fn?: Listener }>(
  list: ListenerList<L> | undefined,
  listener: Listener | undefined,
): ListenerList<L> | undefined {
  if (!list) return undefined;
  const at = list.findIndex((entry) => entry === listener || entry.fn === listener);
  const rest = list.filter((_, index) => index !== at);
  return rest.length ? rest : undefined;
}
