import type { Command } from 'commander';
import { modelOption, threadsOption, wholeNumber, withLabelledSet } from './command-options';
import type { Output } from './output';

/** Commands that take a labelled set. */
export const addDatasetCommands = (program: Command, output: Output, finish: (exitCode: number) => void): void => {
  withLabelledSet(program.command('evaluate'))
    .description('measure a model bundle on labelled scans, through the path that serves them')
    .addOption(modelOption())
    .option('--split <column=value...>', 'evaluate only these rows, such as --split use=held-out-person')
    .option('--positive <label...>', 'labels to tell apart by AUC from --negative')
    .option('--negative <label...>', 'the others (default: all that are not --positive)')
    .option('--bootstrap <n>', 'replicates of the 95 % intervals', wholeNumber(0, 100_000), 1000)
    .option('--seed <n>', 'seed of the replicates', wholeNumber(0, 2 ** 31 - 1), 1)
    .option('--out <folder>', 'write report.json, report.md, reliability.svg, coverage.svg and confusion.svg there')
    .option('--json', 'print the report as JSON')
    .addOption(threadsOption())
    .action(async (set: string, options) => {
      const { evaluateCommand } = require('./evaluate-command') as typeof import('./evaluate-command');
      finish(await evaluateCommand(set, options, output));
    });
};
