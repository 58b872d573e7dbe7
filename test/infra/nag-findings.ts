import { type App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, HIPAASecurityChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';

export interface Finding {
  readonly rule: string;
  readonly path: string;
}

/** What both packs find in a synthesised app, explained or not. */
export const findingsOf = (app: App): Finding[] =>
  [new AwsSolutionsChecks(app), new HIPAASecurityChecks(app)].flatMap((pack) =>
    pack.validateScope(app).violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath }) => ({
        rule: `${pack.name}::${ruleName}`,
        path: constructPath ?? '',
      })),
    ),
  );

/** Reasons by rule of cdk-nag that a construct gives itself; CDK's own warnings have others. */
export const reasonsOf = (construct: IConstruct): Readonly<Record<string, string>> =>
  Object.assign(
    {},
    ...construct.node.metadata
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) => Object.entries(data as Record<string, string>))
      .filter(([rule]) => /^(AwsSolutions|HIPAA\.Security)::/.test(rule))
      .map(([rule, reason]) => ({ [rule]: reason })),
  );

/** Those that no construct gives a reason for. */
export const unexplained = (app: App, findings: readonly Finding[]): Finding[] =>
  findings.filter(({ rule, path }) => {
    const resource = path.split('/').reduce<IConstruct>((node, part) => node.node.findChild(part), app);
    return !resource.node.scopes.some((scope) => rule in reasonsOf(scope));
  });
