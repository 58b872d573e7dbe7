import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge';

/** Why rules about functions do not apply to ours. */
export const explainFunction = (scope: Construct): void =>
  acknowledge(scope, {
    'AwsSolutions-IAM5[Resource::*]': 'X-Ray knows no resources: its two write actions take * alone.',
    'HIPAA.Security-IAMNoInlinePolicy':
      'The policy belongs to one role of one function and goes with it; a managed one could be attached elsewhere.',
    'HIPAA.Security-LambdaConcurrency':
      'Reserving takes from the account, and fails in a new one; the API throttles, the queue limits its function.',
    'HIPAA.Security-LambdaDLQ':
      'Called by API Gateway or by a queue, never asynchronously: the queue has dead letters.',
  });

/** Where a function runs outside of a VPC. */
export const explainNoVpc = (scope: Construct): void =>
  acknowledge(scope, {
    'HIPAA.Security-LambdaInsideVPC':
      'Reaches only AWS by TLS and IAM, which a VPC would not narrow by itself; vpc: true puts what touches scans into one.',
  });
