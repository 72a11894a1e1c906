// server/ The parents of dynamic namespaces: which of them a name belongs to (Socket.IO documentation, "Dynamic namespaces").
import type { Unchecked } from "../event/event-map.js";
import { isThenable } from "./middleware.js";
import type { AnyNamespace } from "./namespace.js";
import { type ParentMatcher, ParentNamespace } from "./parent-namespace.js";
import type { AnyServer } from "./server.js";

type AnyParent = ParentNamespace<Unchecked, Unchecked, Unchecked, Unchecked>;

/**
 * A name is kept as long as its namespace is, and clients choose it. No program has longer ones: those that a client asks for are none.
 */
const MAX_NAME_LENGTH = 1024;

/** A child that clients made and have left. */
export interface EmptyNamespace {
  _letGo(): void;
}

/** The parents of one server, in the order in which they were made. */
export class DynamicNamespaces {
  private readonly server: AnyServer;
  private readonly parents: Map<ParentMatcher, AnyParent> = new Map();
  /** In the order in which they were left. */
  private readonly empty: Set<EmptyNamespace> = new Set();

  constructor(server: AnyServer) {
    this.server = server;
  }

  /** The parent of a pattern or a function: the same one each time. */
  parentOf(name: RegExp | ParentMatcher): AnyParent {
    for (const [matcher, parent] of this.parents) {
      if (matcher === name || (name instanceof RegExp && String(patternOf(matcher)) === String(name))) return parent;
    }
    const parent: AnyParent = new ParentNamespace(this.server);
    this.parents.set(name instanceof RegExp ? patternMatcher(name) : name, parent);
    return parent;
  }

  /** Makes the namespace `name` if the pattern of a parent matches it. Functions decide about clients only. */
  makeByPattern(name: string): AnyNamespace | undefined {
    for (const [matcher, parent] of this.parents)
      if (patternOf(matcher)?.test(name) === true) return parent.createChild(name, false);
    return undefined;
  }

  /** Makes the namespace `name`, for which a client asks, if a parent wants it. Undefined if none does. */
  makeForClient(
    name: string,
    auth: { [key: string]: Unchecked },
    found: (namespace: AnyNamespace | undefined) => void,
  ): void {
    const { server } = this;
    if (name.length > MAX_NAME_LENGTH) {
      found(undefined);
      return;
    }
    const parents = [...this.parents];
    const ask = (index: number): void => {
      const entry = parents[index];
      if (entry === undefined) {
        found(undefined);
        return;
      }
      const [matches, parent] = entry;
      let answered = false;
      const next = (error: Error | null, success: boolean): void => {
        if (answered) return;
        answered = true;
        if (error || !success) ask(index + 1);
        else found(server._nsps.get(name) ?? this.childOf(parent, name));
      };
      const failed = (cause: unknown): void => {
        server._errors.middlewareFailed(cause, { namespace: parent });
        next(null, false);
      };
      try {
        const result: unknown = matches(name, auth, next);
        if (isThenable(result)) result.then(undefined, failed);
      } catch (cause) {
        failed(cause);
      }
    };
    ask(0);
  }

  /** The last client has left a child that stays: where there are too many of those, the one that was left first goes. */
  left(child: EmptyNamespace): void {
    const { empty } = this;
    empty.delete(child);
    empty.add(child);
    if (empty.size <= this.server._maxEmptyNamespaces) return;
    for (const oldest of empty) {
      empty.delete(oldest);
      oldest._letGo();
      break;
    }
  }

  /** A client asks for it again. */
  entered(child: EmptyNamespace): void {
    this.empty.delete(child);
  }

  /** An adapter that cannot be constructed is no reason to leave the client without an answer. */
  private childOf(parent: AnyParent, name: string): AnyNamespace | undefined {
    try {
      return parent.createChild(name, true);
    } catch (cause) {
      this.server._errors.handlerFailed(cause, { namespace: parent, event: "adapter" });
      return undefined;
    }
  }
}

interface PatternMatcher extends ParentMatcher {
  pattern?: RegExp;
}

function patternMatcher(pattern: RegExp): ParentMatcher {
  // Global and sticky patterns remember where they were: every name is matched from its beginning.
  const fresh = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ""));
  const matcher: PatternMatcher = (name, _auth, next) => next(null, fresh.test(name));
  matcher.pattern = fresh;
  return matcher;
}

function patternOf(matcher: ParentMatcher): RegExp | undefined {
  return (matcher as PatternMatcher).pattern;
}
