import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

export const OBJECTS_BY_PATTERN = 'Keys of scans are not known before they come; the actions are named one by one.';

/** Which pack of cdk-nag a rule belongs to: only with its name before it is a suppression listed with its reason. */
const packOf = (rule: string): string => rule.slice(0, rule.indexOf('-'));

/**
 * Says why rules of cdk-nag do not apply to what lies below a construct; lib/stacks/checks.ts runs them.
 * @param reasons reason by rule, such as `AwsSolutions-S1`
 */
export const acknowledge = (scope: IConstruct, reasons: Readonly<Record<string, string>>): void => {
  for (const [rule, reason] of Object.entries(reasons)) {
    Validations.of(scope).acknowledge({ id: `${packOf(rule)}::${rule}`, reason });
  }
};
