// server/ Values of options that Socket.IO takes beside the documented ones, as programs give them: read as what they mean.

const isText = (value: unknown): value is string => typeof value === "string";

/** A number out of an environment variable is a text. */
function numberOf(value: unknown): unknown {
  return isText(value) && value.trim() !== "" && Number.isFinite(Number(value)) ? Number(value) : value;
}

/** Origins without the object around them: `true` is every one. */
function corsOf(value: unknown): unknown {
  if (value === false) return undefined;
  if (value === true) return { origin: "*" };
  return isText(value) || Array.isArray(value) || value instanceof RegExp ? { origin: value } : value;
}

const FORMS: Readonly<Record<string, (value: unknown) => unknown>> = {
  cors: corsOf,
  // Socket.IO takes a name for a wish: the cookie is called "io" all the same.
  cookie: (value) => (isText(value) ? value !== "" : value),
  path: (value) => (value === "" ? undefined : value),
  transports: (value) => (isText(value) ? [value] : value),
  pingInterval: numberOf,
  pingTimeout: numberOf,
  upgradeTimeout: numberOf,
  connectTimeout: numberOf,
  destroyUpgradeTimeout: numberOf,
  maxHttpBufferSize: numberOf,
};

/** What `value` means as the option `name`; undefined where it means that the option is left out. */
export function meantBy(name: string, value: unknown): unknown {
  return Object.hasOwn(FORMS, name) ? FORMS[name]?.(value) : value;
}
