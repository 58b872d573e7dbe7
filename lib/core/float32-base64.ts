/** The values as base64 of little-endian float32, whatever the machine's own order. */
export const toFloat32Base64 = (values: ArrayLike<number>): string => {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  for (let index = 0; index < values.length; index++) view.setFloat32(index * 4, values[index] as number, true);
  const bytes = new Uint8Array(view.buffer);
  let text = '';
  // In pieces: one argument a byte ends at some 100,000, and a string a byte is slow.
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
};

/** The opposite; undefined when the text is no base64 of so many values. */
export const fromFloat32Base64 = (text: string, length: number): Float32Array | undefined => {
  let bytes: string;
  try {
    bytes = atob(text);
  } catch {
    return undefined;
  }
  if (bytes.length !== length * 4) return undefined;
  const view = new DataView(Uint8Array.from(bytes, (character) => character.charCodeAt(0)).buffer);
  return Float32Array.from({ length }, (_, index) => view.getFloat32(index * 4, true));
};
