import type { AuditReport, NamedPair } from './report';

/** More are in the JSON. */
const MOST_LISTED = 20;

const listed = (lines: readonly string[]): string[] => [
  ...lines.slice(0, MOST_LISTED).map((line) => `  ${line}`),
  ...(lines.length > MOST_LISTED ? [`  and ${lines.length - MOST_LISTED} more (--json)`] : []),
];

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
const share = (value: number | null): string => (value === null ? 'not defined' : value.toFixed(4));
const pairLine = ({ files, distance }: NamedPair): string => `${files[0]} = ${files[1]} (${distance})`;

/** The report for a person. */
export const renderAudit = (report: AuditReport): string[] => [
  `${plural(report.scans, 'scan')}, ${plural(report.heads.count, 'head')} found from the pixels ` +
    `(largest ${plural(report.heads.largest, 'scan')}, ${plural(report.heads.alone, 'scan')} alone)`,
  ...agreementLines(report),
  ...leakageLines(report),
  `duplicates: ${plural(report.duplicates.length, 'pair')}`,
  ...listed(report.duplicates.map(pairLine)),
  `labels that contradict their head: ${report.labelHints.length}`,
  ...listed(
    report.labelHints.map(
      ({ file, label, head, headLabel, agreeing, labelled }) =>
        `${file}: ${label}, in ${head} where ${agreeing} of ${labelled} are ${headLabel}`,
    ),
  ),
  ...(report.failed.length === 0 ? [] : [`not read: ${plural(report.failed.length, 'file')}`]),
  ...listed(report.failed.map(({ file, code, message }) => `${file}: ${code}, ${message}`)),
  report.notice,
];

const agreementLines = ({ agreement }: AuditReport): string[] =>
  agreement === null
    ? []
    : [
        `against ${plural(agreement.subjects, 'subject')} of the set: pairs precision ${share(agreement.pairPrecision)}, ` +
          `recall ${share(agreement.pairRecall)}; scans precision ${share(agreement.scanPrecision)}, ` +
          `recall ${share(agreement.scanRecall)}`,
        `  ${agreement.exact} heads are exactly a subject, ${agreement.mixed} mix subjects, ` +
          `${plural(agreement.divided, 'subject')} in several heads`,
      ];

const leakageLines = ({ leakage, heads, scans }: AuditReport): string[] => {
  if (leakage === null) {
    const near = scans > heads.count ? ': deal heads to splits, not scans (--heads writes them)' : '';
    return [`no splits to compare${near}`];
  }
  const sides = Object.entries(leakage.scansPerSplit).map(([split, count]) => `${split || '(none)'} ${count}`);
  return [
    `splits by ${leakage.column}: ${sides.join(', ')}`,
    `LEAKAGE: ${plural(leakage.heads.length, 'head')} in more than one split (${plural(leakage.scans, 'scan')}), ` +
      `${plural(leakage.duplicates.length, 'duplicate')} across splits` +
      (leakage.subjects === null ? '' : `; by the set's own subjects ${leakage.subjects}`),
    ...listed(
      leakage.heads.map(({ head, perSplit }) =>
        [head, ...Object.entries(perSplit).map(([split, count]) => `${split || '(none)'} ${count}`)].join('  '),
      ),
    ),
    ...listed(leakage.duplicates.map(pairLine)),
  ];
};
