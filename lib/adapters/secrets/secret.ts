import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SulcusError, toSulcusError } from '../../core/errors';

const KEPT_MS = 300_000;

export interface SecretOptions {
  readonly secretId: string;
  readonly client?: Pick<SecretsManagerClient, 'send'>;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/**
 * A secret of Secrets Manager, read at first use and again every five minutes: it never stands in an environment, and a
 * rotated one is used without a deployment.
 * @throws STORE_UNAVAILABLE when it cannot be read
 */
export const createSecret = ({
  secretId,
  client = new SecretsManagerClient(),
  now = Date.now,
}: SecretOptions): (() => Promise<string>) => {
  let kept: { readonly text: string; readonly until: number } | undefined;
  return async () => {
    if (kept !== undefined && kept.until > now()) return kept.text;
    try {
      const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secretId }));
      if (SecretString === undefined || SecretString === '') {
        throw new SulcusError('STORE_UNAVAILABLE', 'expected text as the secret, received none');
      }
      kept = { text: SecretString, until: now() + KEPT_MS };
      return SecretString;
    } catch (error) {
      throw toSulcusError(error, 'STORE_UNAVAILABLE', 'expected the secret, received a failure');
    }
  };
};
