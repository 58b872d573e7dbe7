/**
 * The first key that occurs twice in one object of a JSON text, undefined when there is none. `JSON.parse` keeps the
 * last silently, so that a header could say one thing to us and another to a parser that keeps the first.
 * @param json a text that JSON.parse accepts
 */
export const findDuplicateKey = (json: string): string | undefined => {
  const scopes: (Set<string> | null)[] = [];
  /** A string is a key when an object is open and neither a colon nor another string came before it. */
  let expectKey = false;
  const token = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],]/g;
  for (let match = token.exec(json); match !== null; match = token.exec(json)) {
    const [text] = match;
    if (text === '{' || text === '[') {
      scopes.push(text === '{' ? new Set() : null);
      expectKey = text === '{';
    } else if (text === '}' || text === ']') {
      scopes.pop();
      expectKey = false;
    } else if (text === ',') {
      expectKey = scopes.at(-1) != null;
    } else if (expectKey) {
      const key = JSON.parse(text) as string;
      const keys = scopes.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
      expectKey = false;
    }
  }
  return undefined;
};
