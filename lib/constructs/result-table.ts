import { RemovalPolicy } from 'aws-cdk-lib';
import {
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
} from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { TABLE } from '../topology';
import { acknowledge } from './acknowledge';
import type { DataKey } from './data-key';

export interface ResultTableProps {
  readonly key: DataKey;
  /** Delete the results with the stack; otherwise they outlive it and cannot be deleted by mistake. */
  readonly destroyData: boolean;
}

/** Partitions by kind of item, as lib/adapters/dynamodb names them; a test holds the two together. */
const SCANS = `${TABLE.scans}*`;
const API_KEYS = 'APIKEY#*';
const LIMITS = 'LIMIT#*';
const USAGE = 'USAGE#*';

/** How cdk-nag writes this table's ARN in the policies of other stacks: by the name of its export. */
const EXPORTED_ARN = 'SulcusData:ExportsOutputFnGetAttResultsTable7B2FF7F9ArnDDC4B099';

const text = (name: string) => ({ name, type: AttributeType.STRING });

/**
 * The single table: results by scan, newest first, by label, state and source key; API keys by their hash.
 * `Table` and not `TableV2`: the rules of cdk-nag do not see AWS::DynamoDB::GlobalTable.
 */
export class ResultTable extends Construct {
  readonly table: Table;
  private readonly key: DataKey;

  constructor(scope: Construct, id: string, props: ResultTableProps) {
    super(scope, id);
    this.key = props.key;
    this.table = new Table(this, 'Table', {
      partitionKey: text(TABLE.partitionKey),
      sortKey: text(TABLE.sortKey),
      timeToLiveAttribute: TABLE.ttl,
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: props.key.key,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      // Each result makes an event: what is written here is what functions/publish-results hears of.
      stream: StreamViewType.NEW_IMAGE,
      deletionProtection: !props.destroyData,
      removalPolicy: props.destroyData ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
    });
    for (const { name, partitionKey, sortKey } of TABLE.indexes) {
      this.table.addGlobalSecondaryIndex({
        indexName: name,
        partitionKey: text(partitionKey),
        sortKey: text(sortKey),
        // A list reads the records by key; copying them into four indexes would quadruple every write.
        projectionType: ProjectionType.KEYS_ONLY,
      });
    }
    acknowledge(this.table, {
      'HIPAA.Security-DynamoDBInBackupPlan':
        'Restorable to any second of 35 days; a backup plan would keep results that were deleted.',
    });
  }

  /** Read API keys, and no scans. */
  grantAuthorize(role: Role): void {
    this.allow(role, API_KEYS, 'dynamodb:GetItem');
    this.key.grantReadTable(role);
  }

  /** Read, write and bury single results; API keys stay out of reach. */
  grantRecord(role: Role): void {
    this.allow(role, SCANS, 'dynamodb:GetItem', 'dynamodb:PutItem');
    this.key.grantWriteTable(role);
  }

  /** Query the indexes and read the results they name. */
  grantList(role: Role): void {
    this.allow(role, SCANS, 'dynamodb:BatchGetItem');
    this.key.grantReadTable(role);
    role.addToPolicy(
      new PolicyStatement({
        actions: ['dynamodb:Query'],
        resources: TABLE.indexes.map(({ name }) => `${this.table.tableArn}/index/${name}`),
      }),
    );
  }

  /** Hear of every write; listing takes a table's streams and no single one. */
  grantStream(role: Role): void {
    role.addToPolicy(
      new PolicyStatement({
        actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
        resources: [this.streamArn],
      }),
    );
    role.addToPolicy(
      new PolicyStatement({ actions: ['dynamodb:ListStreams'], resources: [`${this.table.tableArn}/stream/*`] }),
    );
    acknowledge(role, {
      [`AwsSolutions-IAM5[Resource::${EXPORTED_ARN}/stream/*]`]: 'Listing streams is granted by table: this one alone.',
    });
    this.key.grantReadTable(role);
  }

  get streamArn(): string {
    return this.table.tableStreamArn ?? '';
  }

  /** Take from limits, hand back, and count usage. */
  grantMeter(role: Role): void {
    this.allow(role, LIMITS, 'dynamodb:UpdateItem', 'dynamodb:GetItem');
    this.allow(role, USAGE, 'dynamodb:UpdateItem');
  }

  /** Read what was counted. */
  grantReadUsage(role: Role): void {
    this.allow(role, USAGE, 'dynamodb:Query');
  }

  /** Read what a key may use, for a file that is put again where it announced one. */
  grantReadKeys(role: Role): void {
    this.grantAuthorize(role);
  }

  private allow(role: Role, partitions: string, ...actions: string[]): void {
    role.addToPolicy(
      new PolicyStatement({
        actions,
        resources: [this.table.tableArn],
        conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [partitions] } },
      }),
    );
  }
}
