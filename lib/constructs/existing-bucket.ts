import { Stack, Token } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { RESULT_SUFFIX } from '../topology';
import { acknowledge, OBJECTS_BY_PATTERN } from './acknowledge';
import type { ScanQueue } from './scan-queue';

export interface ExistingBucketProps {
  readonly bucketName: string;
  /** Only objects whose key begins so; empty for all. */
  readonly prefix: string;
  /** The key that encrypts the bucket, if one does. */
  readonly keyArn: string | null;
  readonly arrivals: ScanQueue;
}

/**
 * A bucket of the user's as a second source of scans. It tells EventBridge of new objects once that is switched on for
 * it (which no stack but its own can do), and a rule passes them on. What is granted on it can read, and write results
 * where asked to; nothing can delete.
 */
export class ExistingBucket extends Construct {
  readonly bucketArn: string;
  private readonly props: ExistingBucketProps;

  constructor(scope: Construct, id: string, props: ExistingBucketProps) {
    super(scope, id);
    this.props = props;
    this.bucketArn = Stack.of(this).formatArn({
      service: 's3',
      region: '',
      account: '',
      resource: props.bucketName,
    });
    const rule = new Rule(this, 'NewObjects', {
      description: 'New objects of the existing bucket, for Sulcus.',
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        account: [Stack.of(this).account],
        detail: {
          bucket: { name: [props.bucketName] },
          object: {
            // A list is alternatives, so a prefix leaves no room for "and not a result": the function skips those.
            key: [props.prefix === '' ? { 'anything-but': { suffix: RESULT_SUFFIX } } : { prefix: props.prefix }],
          },
        },
      },
    });
    props.arrivals.receiveFrom(rule);
  }

  /** Read any object below the prefix; listing is what makes a missing key or version a 404 and not a 403. */
  grantRead(role: Role): void {
    const { prefix } = this.props;
    this.allow(role, ['s3:GetObject', 's3:GetObjectVersion'], `${prefix}*`);
    role.addToPolicy(
      new PolicyStatement({ actions: ['s3:ListBucket', 's3:ListBucketVersions'], resources: [this.bucketArn] }),
    );
    this.allowKey(role, 'kms:Decrypt');
  }

  /** Write results beside scans, and read what is there already. */
  grantResultObjects(role: Role): void {
    this.allow(role, ['s3:GetObject', 's3:PutObject'], `${this.props.prefix}*${RESULT_SUFFIX}`);
    this.allowKey(role, 'kms:Decrypt', 'kms:GenerateDataKey');
  }

  private allow(role: Role, actions: string[], keys: string): void {
    role.addToPolicy(new PolicyStatement({ actions, resources: [`${this.bucketArn}/${keys}`] }));
    const { partition } = Stack.of(this);
    const shown = Token.isUnresolved(partition) ? '<AWS::Partition>' : partition;
    acknowledge(role, {
      [`AwsSolutions-IAM5[Resource::arn:${shown}:s3:::${this.props.bucketName}/${keys}]`]: OBJECTS_BY_PATTERN,
    });
  }

  private allowKey(role: Role, ...actions: string[]): void {
    const { keyArn } = this.props;
    if (keyArn === null) return;
    const { region, urlSuffix } = Stack.of(role);
    const conditions = { StringEquals: { 'kms:ViaService': `s3.${region}.${urlSuffix}` } };
    role.addToPolicy(new PolicyStatement({ actions, resources: [keyArn], conditions }));
  }
}
