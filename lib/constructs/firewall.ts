import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { CfnLoggingConfiguration, CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import { createApiLogGroup } from './api-logs';
import type { Platform } from './platform';

export interface FirewallProps {
  readonly api: RestApi;
  readonly platform: Platform;
}

/** Of one address in five minutes, WAF's window; ten a second. */
const REQUESTS_PER_ADDRESS = 3000;

const visibility = (metricName: string) => ({
  cloudWatchMetricsEnabled: true,
  sampledRequestsEnabled: false,
  metricName,
});

/**
 * AWS's rules, in the order they are tried. The common rules' limit on bodies (8 kB, images are larger) and on what
 * bodies may look like (pixels look like anything) would refuse scans: those only count.
 */
const MANAGED = [
  { name: 'AWSManagedRulesAmazonIpReputationList', counting: [] },
  { name: 'AWSManagedRulesKnownBadInputsRuleSet', counting: [] },
  {
    name: 'AWSManagedRulesCommonRuleSet',
    counting: ['SizeRestrictions_BODY', 'CrossSiteScripting_BODY', 'GenericLFI_BODY', 'GenericRFI_BODY'],
  },
] as const;

const managedRule = ({ name, counting }: (typeof MANAGED)[number], priority: number): CfnWebACL.RuleProperty => ({
  name,
  priority,
  overrideAction: { none: {} },
  statement: {
    managedRuleGroupStatement: {
      vendorName: 'AWS',
      name,
      ruleActionOverrides: counting.map((rule) => ({ name: rule, actionToUse: { count: {} } })),
    },
  },
  visibilityConfig: visibility(name),
});

/** AWS WAF before the API: a limit per address, then AWS's rules. Logs leave out what could be a key. */
export class Firewall extends Construct {
  constructor(scope: Construct, id: string, { api, platform }: FirewallProps) {
    super(scope, id);
    const acl = new CfnWebACL(this, 'Acl', {
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      visibilityConfig: visibility('sulcus'),
      rules: [
        {
          name: 'rate-per-address',
          priority: 0,
          action: { block: {} },
          statement: { rateBasedStatement: { limit: REQUESTS_PER_ADDRESS, aggregateKeyType: 'IP' } },
          visibilityConfig: visibility('rate-per-address'),
        },
        ...MANAGED.map((managed, index) => managedRule(managed, index + 1)),
      ],
    });
    new CfnWebACLAssociation(this, 'Association', {
      resourceArn: api.deploymentStage.stageArn,
      webAclArn: acl.attrArn,
    });
    // WAF takes log groups by this beginning of their name only.
    const logs = createApiLogGroup(this, 'Logs', platform, 'aws-waf-logs-sulcus');
    new CfnLoggingConfiguration(this, 'Logging', {
      resourceArn: acl.attrArn,
      logDestinationConfigs: [logs.logGroupArn],
      redactedFields: [
        { singleHeader: { Name: 'x-api-key' } },
        { singleHeader: { Name: 'authorization' } },
        { queryString: {} },
        { uriPath: {} },
      ],
    });
  }
}
