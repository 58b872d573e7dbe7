const WIDTH = 64;

/**
 * S3's sequencer as text that compares in event order: two of one key compare as hexadecimal numbers of which the
 * shorter is padded with zeros on the right. Padding all to one width makes that plain text comparison, in DynamoDB too.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 * @returns at least 64 characters, upper case
 */
export const normaliseSequencer = (sequencer: string): string => sequencer.toUpperCase().padEnd(WIDTH, '0');

/**
 * Of a result that a backfill made without the event of its object: no event's, and as text before every one, so that
 * whatever is put there later is newer. That the event of the same object makes no second result is `recordEvent`'s rule.
 */
export const BACKFILLED = '-backfilled';
