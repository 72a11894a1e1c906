// frame/ The grammar of Sec-WebSocket-Extensions and of lists of tokens (RFC 6455 section 9.1, RFC 7230 section 3.2.6).

/** One extension with its parameters, in the order in which they stand. */
export interface Extension {
  readonly name: string;
  readonly parameters: readonly { readonly name: string; readonly value: string | undefined }[];
}

const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const QUOTED = /"((?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\uffff]|\\[\t \x21-\x7e\x80-\uffff])*)"/y;
const SPACE = /[\t ]*/y;
const WHOLE_TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** A header that offers more than this is no offer. */
const MAX_EXTENSIONS = 64;
const MAX_PARAMETERS = 64;

export function isToken(text: string): boolean {
  return WHOLE_TOKEN.test(text);
}

let lastHeader: string | undefined;
let lastExtensions: readonly Extension[] | undefined;

/**
 * Reads the value of `Sec-WebSocket-Extensions`: `name; param; param=value, name …`. Values may be quoted, but must be tokens after unquoting. Empty
 * list elements are passed over (RFC 7230 section 7). An absent header holds none; undefined for one that breaks the grammar, or names no extension.
 */
export function parseExtensions(header: string | undefined): readonly Extension[] | undefined {
  if (header === undefined) return [];
  // Browsers of one kind all send the same.
  if (header === lastHeader) return lastExtensions;
  const extensions = readExtensions(header);
  if (extensions !== undefined) {
    lastHeader = header;
    lastExtensions = extensions;
  }
  return extensions;
}

function readExtensions(header: string): readonly Extension[] | undefined {
  const scanner = new Scanner(header);
  const extensions: Extension[] = [];
  while (!scanner.isDone) {
    if (scanner.take(",")) continue;
    const name = scanner.token();
    if (name === undefined || extensions.length === MAX_EXTENSIONS) return undefined;
    const parameters: { name: string; value: string | undefined }[] = [];
    while (scanner.take(";")) {
      const parameter = scanner.token();
      if (parameter === undefined || parameters.length === MAX_PARAMETERS) return undefined;
      let value: string | undefined;
      if (scanner.take("=")) {
        value = scanner.token() ?? scanner.quotedToken();
        if (value === undefined) return undefined;
      }
      parameters.push({ name: parameter, value });
    }
    extensions.push({ name, parameters });
    if (!scanner.isDone && !scanner.take(",")) return undefined;
  }
  return extensions.length > 0 ? extensions : undefined;
}

export function formatExtensions(extensions: readonly Extension[]): string {
  return extensions
    .map(({ name, parameters }) =>
      [name, ...parameters.map((each) => (each.value === undefined ? each.name : `${each.name}=${each.value}`))].join(
        "; ",
      ),
    )
    .join(", ");
}

/** Reads a comma-separated list of tokens (`Sec-WebSocket-Protocol`, `Connection`). Undefined if an element is not a token. */
export function parseTokens(header: string): readonly string[] | undefined {
  const tokens: string[] = [];
  for (const part of header.split(",")) {
    const token = trimSpace(part);
    if (token === "") continue;
    if (!isToken(token)) return undefined;
    tokens.push(token);
  }
  return tokens;
}

/** Without optional white space at both ends: blanks and tabs only, and in linear time whatever a peer sends. */
export function trimSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (start < end && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x09;
}

/** Takes tokens from the front of a header, and the space around them. */
class Scanner {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
    this.match(SPACE);
  }

  get isDone(): boolean {
    return this.at === this.text.length;
  }

  take(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at++;
    this.match(SPACE);
    return true;
  }

  token(): string | undefined {
    const found = this.match(TOKEN)?.[0];
    this.match(SPACE);
    return found;
  }

  quotedToken(): string | undefined {
    const found = this.match(QUOTED)?.[1]?.replace(/\\(.)/g, "$1");
    this.match(SPACE);
    return found !== undefined && isToken(found) ? found : undefined;
  }

  private match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found !== null) this.at = pattern.lastIndex;
    return found;
  }
}
