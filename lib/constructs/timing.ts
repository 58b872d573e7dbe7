import { Duration } from 'aws-cdk-lib';

/** Times and sizes that several resources must agree on. */

/** API Gateway stops waiting after 29 s; longer would be paid for and never answered. */
export const API_TIMEOUT = Duration.seconds(29);

/**
 * Scans per invocation when the queue is long. One start for five saves most of the per-request price, and five of the
 * slowest (64 MB read, 50 million pixels decoded, about 12 s each) still end in time.
 */
export const UPLOAD_BATCH_SIZE = 5;

export const UPLOAD_TIMEOUT = Duration.seconds(90);

/** Ten messages side by side, each with 10 s for the receiver and before that a secret to be read. */
export const WEBHOOK_TIMEOUT = Duration.seconds(30);
export const WEBHOOK_VISIBILITY = Duration.seconds(6 * WEBHOOK_TIMEOUT.toSeconds());

/** As AWS asks: six times the timeout, or messages come back while the function still works on them. */
export const UPLOAD_VISIBILITY = Duration.seconds(6 * UPLOAD_TIMEOUT.toSeconds());

/**
 * A batch of a backfill is an Express execution, which Step Functions ends after five minutes. Fifty scans of 370 ms take
 * 20 s; of the slowest, those that have no time left fail, and are another run's.
 */
export const BACKFILL_TIMEOUT = Duration.seconds(240);
