import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';

/** What every function of a deployment stands on. */
export interface Platform {
  /** Encrypts logs; scans and results too. */
  readonly key: IKey;
  readonly logRetention: RetentionDays;
  /** Where functions that touch scans run. @default outside of any VPC */
  readonly vpc?: IVpc;
}
