// server/ The parents of dynamic namespaces: which of them a name belongs to (Socket.IO documentation, "Dynamic namespaces").
import type { Unchecked } from "../event/event-map.js";
import { isThenable } from "./middleware.js";
import type { AnyNamespace } from "./namespace.js";
import { type ParentMatcher, ParentNamespace } from "./parent-namespace.js";
import type { AnyServer } from "./server.js";

type AnyParent = ParentNamespace<Unchecked, Unchecked, Unchecked, Unchecked>;

/** The parents of one server, in the order in which they were made. */
export class DynamicNamespaces {
  private readonly server: AnyServer;
  private readonly parents: Map<ParentMatcher, AnyParent> = new Map();

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
      if (patternOf(matcher)?.test(name) === true) return parent.createChild(name);
    return undefined;
  }

  /** Makes the namespace `name`, for which a client asks, if a parent wants it. Undefined if none does. */
  makeForClient(
    name: string,
    auth: { [key: string]: Unchecked },
    found: (namespace: AnyNamespace | undefined) => void,
  ): void {
    const { server } = this;
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

  /** A class of adapters that cannot be made is no reason to leave the client without an answer. */
  private childOf(parent: AnyParent, name: string): AnyNamespace | undefined {
    try {
      return parent.createChild(name);
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
