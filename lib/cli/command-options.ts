import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';

const DEFAULT_MODEL = join(__dirname, '../../layers/model');

export const wholeNumber = (minimum: number, maximum: number) => (text: string) => {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= minimum && value <= maximum) return value;
  throw new InvalidArgumentError(`expected a whole number from ${minimum} to ${maximum}`);
};

export const share = (text: string) => {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('expected a number from 0 to 1');
};

export const modelOption = () =>
  new Option('--model <bundle>', 'model bundle folder').default(DEFAULT_MODEL, 'the bundled model');

export const threadsOption = () =>
  new Option('--threads <n>', 'threads for the model (default: all vCPUs)').argParser(wholeNumber(1, 64));

/** Options of a labelled set: a CSV file, a folder with scans.csv, or a folder with one subfolder a label. */
export const withLabelledSet = (command: Command, argument = '<set>'): Command =>
  command
    .argument(argument, 'CSV file (file,label,subject), folder with scans.csv, or folder with a subfolder a label')
    .option('--images <folder>', 'folder that the files of a CSV are relative to (default: its own)')
    .option('--join <csv...>', 'CSV files with a column "file" and further columns of the set')
    .option('--labels <column>', 'column of the labels (default: label)')
    .option('--subjects <column>', 'column of the subjects (default: subject, if there is one)');
