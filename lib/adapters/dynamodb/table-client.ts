import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

export type TableClient = DynamoDBDocumentClient;

/**
 * DynamoDB answers in milliseconds; what takes seconds is lost. Four attempts of at most 3 s end before API Gateway
 * gives up at 29 s, so that a broken store becomes our 503. `throwOnRequestTimeout`, because the SDK otherwise only
 * warns. Not the adaptive retry mode: its client-side rate limit makes callers wait without bound.
 */
const PATIENCE = {
  maxAttempts: 4,
  retryMode: 'standard',
  requestHandler: { connectionTimeout: 3_000, requestTimeout: 3_000, throwOnRequestTimeout: true },
};

const isLoopback = (endpoint: string): boolean => /^https?:\/\/(127\.|localhost[:/]|\[::1\])/.test(`${endpoint}/`);

/**
 * No emulator checks credentials; given ones spare the search for real ones, which goes to the network. An emulator in
 * our own process waits whenever we compute, and the time in the queue for a socket counts: hundreds of requests at
 * once must be slow there, not broken.
 */
const EMULATOR = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  requestHandler: { connectionTimeout: 30_000, requestTimeout: 30_000, throwOnRequestTimeout: true },
};

/**
 * A client for the table: region, credentials and endpoint (`AWS_ENDPOINT_URL_DYNAMODB`) as the SDK finds them, or the
 * endpoint given here. An endpoint on this machine is an emulator and gets credentials that mean nothing.
 */
export const createTableClient = ({ endpoint }: { readonly endpoint?: string } = {}): TableClient =>
  DynamoDBDocumentClient.from(
    new DynamoDBClient({
      ...PATIENCE,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(endpoint !== undefined && isLoopback(endpoint) ? EMULATOR : {}),
    }),
    { marshallOptions: { removeUndefinedValues: true } },
  );

/**
 * The same connections, for requests that must not be sent twice: the SDK repeats one whose answer was lost, which may
 * have been done.
 */
export const onceClientOf = ({ config }: TableClient): TableClient => {
  const { region, credentials, endpoint, requestHandler } = config;
  return DynamoDBDocumentClient.from(
    new DynamoDBClient({
      region,
      credentials,
      requestHandler,
      maxAttempts: 1,
      ...(endpoint === undefined ? {} : { endpoint }),
    }),
  );
};
