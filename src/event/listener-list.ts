// event/ Ordered lists of listeners. A list is never changed, only replaced: who iterates one keeps a stable view without copying.

/** Any listener, whatever it takes. */
export type Listener = (...args: never[]) => void;

export type ListenerList<L extends Listener = Listener> = readonly L[];

/** `list` with `listener` at its end. */
export function append<L extends Listener>(list: ListenerList<L> | undefined, listener: L): ListenerList<L> {
  return list === undefined ? [listener] : [...list, listener];
}

/** `list` with `listener` at its beginning. */
export function prepend<L extends Listener>(list: ListenerList<L> | undefined, listener: L): ListenerList<L> {
  return list === undefined ? [listener] : [listener, ...list];
}

/** `list` less the first entry that is `listener`, or less all of them if none is named; undefined when nothing is left. */
export function remove<L extends Listener>(
  list: ListenerList<L> | undefined,
  listener?: L,
): ListenerList<L> | undefined {
  if (listener === undefined || list === undefined) return undefined;
  const at = list.indexOf(listener);
  if (at < 0) return list;
  return list.length === 1 ? undefined : list.filter((_, index) => index !== at);
}
