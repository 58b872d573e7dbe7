import type { z } from 'zod';
import { SulcusError } from '../../core/errors';

const SHOWN_CHARACTERS = 64;
const SHOWN_ISSUES = 5;

/** A value from outside, small and printable enough for a message; never a whole body and nothing nested. */
export const describeValue = (value: unknown): string => {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value !== 'string') return String(value);
  if (value.length > SHOWN_CHARACTERS) return `text of ${value.length} characters`;
  // JSON escapes C0; the other controls and lone surrogates would still reach a terminal or break UTF-8.
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
};

const valueAt = (input: unknown, path: readonly PropertyKey[]): unknown => {
  let value = input;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[step];
  }
  return value;
};

/** Zod says "Invalid input: expected string, received number"; our schemas say "expected …". Both become the latter half. */
const expectation = (message: string): string =>
  message.replace(/^.*?\bexpected /is, '').replace(/, received .*$/is, '');

const describeIssue = (issue: z.core.$ZodIssue, input: unknown, subject: string): string => {
  if (issue.code === 'unrecognized_keys') {
    return `expected no unknown ${subject}, received ${issue.keys.slice(0, SHOWN_ISSUES).map(describeValue).join(', ')}`;
  }
  const name = issue.path.length > 0 ? issue.path.map(String).join('.') : subject;
  return `expected ${expectation(issue.message)} for ${name}, received ${describeValue(valueAt(input, issue.path))}`;
};

/**
 * What came, as the schema has it.
 * @param subject what is parsed, for messages: "query parameter", "JSON body"
 * @throws INVALID_REQUEST "expected X for Y, received Z", naming every field that is wrong
 */
export const parseWith = <Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  subject: string,
): z.output<Schema> => {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.slice(0, SHOWN_ISSUES).map((issue) => describeIssue(issue, input, subject));
  throw new SulcusError('INVALID_REQUEST', problems.join('; '));
};
