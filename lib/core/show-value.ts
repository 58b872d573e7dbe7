const LONGEST = 80;

/** Text of a file or a request as a message may hold it: at most 80 characters and an ellipsis. */
export const shorten = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);

/**
 * A value from outside as a message names what it received: JSON, shortened, so that no control character and no
 * megabyte reaches a terminal or a log. Values nested deeper than JSON.stringify can follow are only called that.
 */
export const showValue = (value: unknown): string => {
  try {
    return shorten(JSON.stringify(value) ?? String(value));
  } catch {
    return 'a value nested too deeply';
  }
};
