import { RemovalPolicy } from 'aws-cdk-lib';
import { FlowLogDestination, GatewayVpcEndpointAwsService, IpAddresses, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge';

export interface NetworkProps {
  readonly key: IKey;
  readonly logRetention: RetentionDays;
}

/**
 * A VPC without a way in or out: isolated subnets in two zones, and endpoints to S3 and DynamoDB, which cost nothing.
 * A function here that needs another service needs an endpoint to it.
 */
export class Network extends Construct {
  readonly vpc: Vpc;

  constructor(scope: Construct, id: string, { key, logRetention }: NetworkProps) {
    super(scope, id);
    const flowLogs = new LogGroup(this, 'FlowLogs', {
      encryptionKey: key,
      retention: logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr('10.0.0.0/16'),
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [{ name: 'functions', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 20 }],
      // Emptying the default group takes a function of CDK's own; nothing is ever put into it.
      restrictDefaultSecurityGroup: false,
      gatewayEndpoints: {
        S3: { service: GatewayVpcEndpointAwsService.S3 },
        DynamoDb: { service: GatewayVpcEndpointAwsService.DYNAMODB },
      },
      flowLogs: { All: { destination: FlowLogDestination.toCloudWatchLogs(flowLogs) } },
    });
    acknowledge(this.vpc, {
      'HIPAA.Security-VPCDefaultSecurityGroupClosed':
        'CloudFormation cannot empty the default group; nothing is in it, and no subnet has a way in or out.',
      'HIPAA.Security-IAMNoInlinePolicy': 'The policy belongs to the role of the flow logs and goes with it.',
    });
  }
}
