/**
 * The first key that occurs twice in one object of a JSON text, undefined when there is none. `JSON.parse` keeps the
 * last silently, so that a header could say one thing to us and another to a parser that keeps the first.
 *
 * A scanner by hand: a regular expression for strings runs out of stack on megabytes of escapes.
 * @param json a text that JSON.parse accepts
 */
export const findDuplicateKey = (json: string): string | undefined => {
  const scopes: (Set<string> | null)[] = [];
  /** A string is a key when an object is open and neither a colon nor another string came before it. */
  let expectKey = false;
  for (let position = 0; position < json.length; position++) {
    const token = json[position];
    if (token === '{' || token === '[') {
      scopes.push(token === '{' ? new Set() : null);
      expectKey = token === '{';
    } else if (token === '}' || token === ']') {
      scopes.pop();
      expectKey = false;
    } else if (token === ',') {
      expectKey = scopes.at(-1) != null;
    } else if (token === '"') {
      const end = endOfString(json, position);
      if (expectKey) {
        const key = JSON.parse(json.slice(position, end + 1)) as string;
        const keys = scopes.at(-1);
        if (keys?.has(key)) return key;
        keys?.add(key);
        expectKey = false;
      }
      position = end;
    }
  }
  return undefined;
};

/** @returns where the quote is that closes the string opened at `start` */
const endOfString = (json: string, start: number): number => {
  let position = start + 1;
  while (json[position] !== '"') position += json[position] === '\\' ? 2 : 1;
  return position;
};
