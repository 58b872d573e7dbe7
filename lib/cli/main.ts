import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { version } from '../../package.json';
import { HIGHEST_QUOTA, parseRate } from '../core/key-limits';
import { BACKFILL } from '../topology';
import { modelOption, threadsOption, wholeNumber } from './command-options';
import { addDatasetCommands } from './dataset-commands';
import { describeError, EXIT, exitCodeOf } from './exit-codes';
import type { Output } from './output';
import { createTerminalOutput } from './output';
import { parseDuration } from './parse-duration';

const DEFAULT_DATA_FOLDER = '.sulcus';

const positive = (text: string) => {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value > 0) return value;
  throw new InvalidArgumentError('expected a number above 0');
};

const rate = (text: string) => {
  const parsed = parseRate(text);
  if (parsed !== undefined) return parsed;
  throw new InvalidArgumentError('expected scans a second or minute such as 20/s or 600/m, at most 500/s');
};

const concurrencies = (text: string, earlier: readonly number[]) => [
  ...earlier,
  wholeNumber(1, BACKFILL.maxConcurrency)(text),
];

const duration = (text: string) => {
  const parsed = parseDuration(text);
  if (parsed !== undefined) return parsed;
  throw new InvalidArgumentError('expected a duration such as 30m, 24h or 7d, or 0');
};

/** Height comes first, as in the configs; what can be compiled is the compiler's to say. */
const imageSize = (text: string) => {
  const [, height, width] = /^(\d{1,4})(?:x(\d{1,4}))?$/.exec(text) ?? [];
  if (height === undefined) throw new InvalidArgumentError('expected a side such as 384, or HxW such as 384x256');
  return { height: Number(height), width: Number(width ?? height) };
};

const dataFolderOption = () =>
  new Option('--data-dir <folder>', 'data folder of the local cloud').default(DEFAULT_DATA_FOLDER);

const regionOption = () => new Option('--region <region>', "AWS region of the deployment (default: the AWS profile's)");

/**
 * Each command loads its own modules when it runs, so that `sulcus --help` opens no model and no table. By `require`:
 * tsx's CommonJS hook leaves `import()` to Node, which knows no TypeScript.
 */
const buildProgram = (output: Output, finish: (exitCode: number) => void): Command => {
  const program = new Command('sulcus')
    .description('Serve a fine-tuned Vision Transformer for MRI scans. Research use only.')
    .version(version)
    .showHelpAfterError('(add --help for usage)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => output.line(text.trimEnd()),
      writeErr: (text) => output.note(text.trimEnd()),
    });

  addModelCommands(program, output, finish);
  addDatasetCommands(program, output, finish);
  program
    .command('start')
    .description('serve the API and watch the scan folder on this machine')
    .option('--port <port>', 'port of the API, 0 for any free one', wholeNumber(0, 65_535), 4173)
    .addOption(dataFolderOption())
    .option('--scan-folder <folder>', 'folder whose scans are classified (default: <data-dir>/scans)')
    .addOption(modelOption())
    .option('--also <bundle...>', 'further model bundles, served under /v1/models/{name}')
    .addOption(threadsOption())
    .option('--webhook-url <url>', 'POST an event of every final result there (default: SULCUS_WEBHOOK_URL)')
    .option('--webhook-secret <secret>', 'what signs them, whsec_... or text (default: SULCUS_WEBHOOK_SECRET)')
    .option('--result-objects', 'write each result as JSON beside its scan, <file>.sulcus.json')
    .option('--jwt-issuer <url>', 'ask for tokens of this issuer instead of API keys')
    .option('--jwt-audience <audience>', 'the aud those tokens must have')
    .option('--jwks-uri <url>', "the issuer's public keys (default: as its OpenID configuration says)")
    .action(async (options) => {
      const { startCommand } = require('./start-command') as typeof import('./start-command');
      await startCommand(options, output);
    });

  addKeyCommands(program.command('keys').description('API keys: only their SHA-256 is stored'), output, finish);
  addUsageCommand(program, output, finish);
  addCostCommand(program, output, finish);
  addBackfillPlanCommand(program, output, finish);
  addDeploymentCommands(program, output, finish);
  return program;
};

const addDeploymentCommands = (program: Command, output: Output, finish: (exitCode: number) => void): void => {
  program
    .command('backfill')
    .description('classify what has no result of this model yet: of a folder here, of a bucket by a deployment')
    .argument('<source>', 'folder, or s3://bucket/prefix')
    .addOption(dataFolderOption())
    .addOption(modelOption())
    .addOption(threadsOption())
    .option(
      '--concurrency <n>',
      'files at once, 2; batches of a deployment, 50',
      wholeNumber(1, BACKFILL.maxConcurrency),
    )
    .option('--limit <n>', 'look at so many objects only', wholeNumber(1, BACKFILL.maxItems))
    .option('--dry-run', 'classify nothing, say what would be')
    .option('--result-objects', 'of a folder: write each result as JSON beside its scan, <file>.sulcus.json')
    .option('--wait', 'of a bucket: until it has ended, then the report')
    .option('--resume <execution>', 'of a bucket: the batches that failed of this earlier execution, by its ARN')
    .addOption(regionOption())
    .option('--json', 'the report as JSON')
    .action(async (source: string, options) => {
      const { backfillCommand } = require('./backfill-command') as typeof import('./backfill-command');
      finish(await backfillCommand(source, options, output));
    });
  program
    .command('redrive')
    .description('put the scans of a deployment that failed five times back into its queue')
    .addOption(regionOption())
    .option('--webhooks', 'events that its webhook did not take, instead')
    .option('--json', 'what was moved, as JSON')
    .action(async (options) => {
      const { redriveCommand } = require('./redrive-command') as typeof import('./redrive-command');
      finish(await redriveCommand(options, output));
    });
  program
    .command('rollback')
    .description('move the functions that classify back to the version before; prints the plan, acts with --yes')
    .addOption(regionOption())
    .option(
      '--to <model>',
      "version or digest (sha256:..., 8 digits at least) of the model to go to, as it's in results",
    )
    .option('--yes', 'do it')
    .option('--json', 'the plan, or what was done, as JSON')
    .action(async (options) => {
      const { rollbackCommand } = require('./rollback-command') as typeof import('./rollback-command');
      finish(await rollbackCommand(options, output));
    });
  program
    .command('republish')
    .description("make the events of a deployment's results again, for a bus or receiver that missed them")
    .requiredOption('--table <name>', "DynamoDB table of the deployment, with this shell's AWS credentials and region")
    .requiredOption('--from <time>', 'results of scans created from then on, ISO 8601')
    .option('--to <time>', 'and not after (default: now)')
    .option('--json', 'how many were published, as JSON')
    .action(async (options) => {
      const { republishCommand } = require('./republish-command') as typeof import('./republish-command');
      finish(await republishCommand(options, output));
    });
};

const addModelCommands = (program: Command, output: Output, finish: (exitCode: number) => void): void => {
  program
    .command('classify')
    .description('print the predicted label and score of image files')
    .argument('<paths...>', 'files, folders or globs')
    .addOption(modelOption())
    .option('--json', 'one JSON result a line, all labels')
    .addOption(threadsOption())
    .action(async (paths: string[], options) => {
      const { classifyCommand } = require('./classify-command') as typeof import('./classify-command');
      finish(await classifyCommand(paths, options, output));
    });

  program
    .command('features')
    .description('print what the model makes of image files before any classifier')
    .argument('<paths...>', 'files, folders or globs')
    .addOption(modelOption())
    .option('--json', 'one JSON result a line, all values')
    .option('--attention', "with --json: the last layer's attention of the [CLS] token too")
    .addOption(threadsOption())
    .action(async (paths: string[], options) => {
      const { featuresCommand } = require('./features-command') as typeof import('./features-command');
      finish(await featuresCommand(paths, options, output));
    });

  program
    .command('compile')
    .description('compile a Hugging Face ViTForImageClassification or ViTModel folder into a model bundle')
    .argument('<checkpoint>', 'folder with config.json, model.safetensors and preprocessor_config.json')
    .requiredOption('--out <bundle>', 'bundle folder to write')
    .option('--name <name>', 'model name, [a-z0-9._-]+ (default: from the folder name)')
    .option('--model-version <version>', 'version of the weights', '1.0.0')
    .addOption(
      new Option('--quantize <scheme>', 'int8 is a quarter of the size and faster')
        .choices(['int8', 'fp32'])
        .default('int8'),
    )
    .option('--image-size <n|HxW>', 'compile for this size: position embeddings are interpolated', imageSize)
    .addOption(
      new Option(
        '--skip-background [level]',
        'compute patches of which no pixel is brighter than this grey level as one: faster, by as much as a scan has margins',
      )
        .argParser(wholeNumber(0, 254))
        .preset('8'),
    )
    .option(
      '--merge-tokens <count>',
      'merge so many pairs of like tokens in every layer: faster and less exact',
      wholeNumber(1, 10_000),
    )
    .option('--calibrate <folder>', 'verify on up to 16 images of this folder instead of generated ones')
    .option('--force', 'write a bundle whose parity bound is exceeded, marked so')
    .option('--json', 'print the manifest as JSON')
    .action(async (checkpoint: string, options) => {
      const { compileCommand } = require('./compile-command') as typeof import('./compile-command');
      finish(await compileCommand(checkpoint, options, output));
    });
};

const withTarget = (command: Command): Command =>
  command
    .addOption(dataFolderOption().conflicts('table'))
    .option('--table <name>', "DynamoDB table of a deployment, with this shell's AWS credentials and region")
    .option('--json', 'print JSON');

const addKeyCommands = (keys: Command, output: Output, finish: (exitCode: number) => void): void => {
  const run = async (name: import('./keys-command').KeysAction, options: object, argument = '') => {
    const { keysCommand } = require('./keys-command') as typeof import('./keys-command');
    finish(await keysCommand(name, argument, options as never, output));
  };
  withTarget(keys.command('create').description('make a key and print it: the only time it is shown'))
    .argument('<name>', 'what the key is for')
    .option('--rate <n/s|n/m>', 'scans it may start in a second or minute (default: no limit)', rate)
    .option(
      '--quota <scans>',
      'scans it may have in a calendar month of UTC (default: no limit)',
      wholeNumber(1, HIGHEST_QUOTA),
    )
    .action((name: string, options) => run('create', options, name));
  withTarget(keys.command('list').description('list keys, revoked ones too')).action((options) => run('list', options));
  withTarget(keys.command('rotate').description('give a key another secret; id, limits and usage stay'))
    .argument('<keyId>', 'id as listed')
    .requiredOption('--overlap <duration>', 'how long the secret before still works: 30m, 24h, 7d, or 0', duration)
    .action((keyId: string, options) => run('rotate', options, keyId));
  withTarget(keys.command('revoke').description('refuse a key from now on'))
    .argument('<keyId>', 'id as listed')
    .action((keyId: string, options) => run('revoke', options, keyId));
};

const addUsageCommand = (program: Command, output: Output, finish: (exitCode: number) => void): void => {
  withTarget(program.command('usage').description('print what keys used: scans, bytes, compute time, estimated cost'))
    .argument('[keyId]', 'id as listed, or bucket for files that no key announced (default: all)')
    .option('--from <date>', 'first day in UTC (default: the first of this month)')
    .option('--to <date>', 'last day in UTC (default: today)')
    .action(async (keyId: string | undefined, options) => {
      const { usageCommand } = require('./usage-command') as typeof import('./usage-command');
      finish(await usageCommand(keyId, options, output));
    });
};

const addCostCommand = (program: Command, output: Output, finish: (exitCode: number) => void): void => {
  program
    .command('cost')
    .description('print what a month of scans costs on AWS, at list price')
    .requiredOption('--scans-per-month <n>', 'scans a month', wholeNumber(1, 1_000_000_000_000))
    .requiredOption('--size <MB>', 'size of an image file', positive)
    .option('--measured <bench.json>', 'times from "npm run bench -- --json <file>" (default: committed ones)')
    .option('--model <name>', 'model of that file (default: ViT-S/16, which is what ships)')
    .option('--webhook', 'with a webhook that every result is sent to')
    .option('--json', 'print JSON')
    .action(async (options) => {
      const { costCommand } = require('./cost-command') as typeof import('./cost-command');
      finish(await costCommand(options, output));
    });
};

const addBackfillPlanCommand = (program: Command, output: Output, finish: (exitCode: number) => void): void => {
  program
    .command('backfill-plan')
    .description('print how long a backfill takes on AWS, what it costs and which limits it meets')
    .requiredOption('--scans <n>', 'objects without a result', wholeNumber(1, 1_000_000_000_000))
    .option('--concurrency <n...>', 'batches at once, a column each (default: 50 500 5000)', concurrencies, [])
    .option('--measured <bench.json>', 'times from "npm run bench -- --json <file>" (default: committed ones)')
    .option('--model <name>', 'model of that file (default: ViT-S/16, which is what ships)')
    .option('--json', 'print JSON')
    .action(async ({ concurrency, ...options }) => {
      const { backfillPlanCommand } = require('./backfill-plan-command') as typeof import('./backfill-plan-command');
      finish(await backfillPlanCommand({ ...options, ...(concurrency.length > 0 && { concurrency }) }, output));
    });
};

/** The command line. Sets the process's exit code and lets it end by itself, so that output is flushed. */
export const main = (argv: readonly string[]): void => {
  const output = createTerminalOutput();
  const program = buildProgram(output, (exitCode) => {
    process.exitCode = exitCode;
  });
  program.parseAsync([...argv]).catch((error: unknown) => {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
      return;
    }
    output.note(`sulcus: ${describeError(error)}`);
    process.exitCode = exitCodeOf(error);
  });
};
