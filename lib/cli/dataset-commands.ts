import { type Command, Option } from 'commander';
import { modelOption, share, threadsOption, wholeNumber, withLabelledSet } from './command-options';
import type { Output } from './output';

/** Commands that take a labelled set. */
export const addDatasetCommands = (program: Command, output: Output, finish: (exitCode: number) => void): void => {
  withLabelledSet(program.command('evaluate'), '[set]')
    .description('measure a model bundle on labelled scans, through the path that serves them')
    .addOption(modelOption())
    .addOption(
      new Option(
        '--logits <csv>',
        'score these (label,subject,logit_<label>...) in place of a set, such as out-of-fold logits',
      ).conflicts(['split', 'join', 'images', 'labels', 'subjects', 'threads']),
    )
    .option('--split <column=value...>', 'evaluate only these rows, such as --split use=held-out-person')
    .option('--positive <label...>', 'labels to tell apart by AUC from --negative')
    .option('--negative <label...>', 'the others (default: all that are not --positive)')
    .option('--bootstrap <n>', 'replicates of the 95 % intervals', wholeNumber(0, 100_000), 1000)
    .option('--seed <n>', 'seed of the replicates', wholeNumber(0, 2 ** 31 - 1), 1)
    .option('--out <folder>', 'write report.json, report.md, reliability.svg, coverage.svg and confusion.svg there')
    .option('--json', 'print the report as JSON')
    .addOption(threadsOption())
    .action(async (set: string | undefined, options) => {
      const { evaluateCommand } = require('./evaluate-command') as typeof import('./evaluate-command');
      finish(await evaluateCommand(set, options, output));
    });

  withLabelledSet(program.command('audit'))
    .description(
      'find the heads of a set from the pixels, and what of them is in several splits, there twice or mislabelled',
    )
    .option('--split <column=value...>', 'audit only these rows')
    .option('--splits <column>', 'column of the splits that no head may share (default: split, if there is one)')
    .option('--heads <csv>', 'write file,head, which --join and --subjects head take elsewhere')
    .option('--json', 'print the report as JSON')
    .action(async (set: string, options) => {
      const { auditCommand } = require('./audit-command') as typeof import('./audit-command');
      finish(await auditCommand(set, options, output));
    });

  withLabelledSet(program.command('train-head'))
    .description('train a classifier of the labels of a set on the features of a bundle, and write the bundle with it')
    .addOption(modelOption())
    .requiredOption('--out <bundle>', 'bundle folder to write, which may be the same')
    .option('--name <name>', 'model name, [a-z0-9._-]+ (default: from the folder name)')
    .option('--model-version <version>', 'version of the classifier', '1.0.0')
    .option('--split <column=value...>', 'only these rows, such as --split use=train')
    .option('--json', 'print the manifest as JSON')
    .addOption(threadsOption())
    .action(async (set: string, options) => {
      const { trainHeadCommand } = require('./train-head-command') as typeof import('./train-head-command');
      finish(await trainHeadCommand(set, options, output));
    });

  withLabelledSet(program.command('calibrate'), '[set]')
    .description('fit scores, thresholds for abstaining and an input gate, and write the bundle with them')
    .addOption(modelOption())
    .requiredOption('--out <bundle>', 'bundle folder to write, which may be the same')
    .option('--split <column=value...>', 'only these rows, such as --split use=held-out-person')
    .option('--logits <csv>', 'fit on these (label,subject,logit_<label>...); the set then gives the gate alone')
    .addOption(
      new Option('--apply <calibration.json>', 'take this calibration as it is instead of fitting one').conflicts(
        'logits',
      ),
    )
    .option('--source <text>', 'whose scans they are, for the manifest (default: the name of the set)')
    .addOption(
      new Option('--min-score <p>', 'abstain below this calibrated score (default: 0.5)')
        .argParser(share)
        .conflicts(['coverage', 'targetAccuracy']),
    )
    .addOption(
      new Option('--coverage <share>', 'answer this share of left-out scans')
        .argParser(share)
        .conflicts('targetAccuracy'),
    )
    .option('--target-accuracy <share>', 'answer as many as leave so many of the answers right', share)
    .option('--min-margin <p>', 'abstain when the two highest scores are closer', share, 0)
    .addOption(new Option('--bias <when>', 'a bias per label').choices(['auto', 'never', 'always']).default('auto'))
    .option('--no-gate', 'no input gate')
    .addOption(
      new Option('--write-logits <csv>', "write the set's logits, for --logits of another bundle").conflicts([
        'logits',
        'apply',
      ]),
    )
    .option('--json', 'print the manifest as JSON')
    .addOption(threadsOption())
    .action(async (set: string | undefined, { minScore, coverage, targetAccuracy, ...options }) => {
      const { calibrateCommand } = require('./calibrate-command') as typeof import('./calibrate-command');
      const { chooseRule } = require('./calibration/rule') as typeof import('./calibration/rule');
      const rule = chooseRule({ minScore, coverage, targetAccuracy });
      finish(await calibrateCommand(set, { ...options, rule } as never, output));
    });
};
