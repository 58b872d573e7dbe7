import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SulcusError } from '../../core/errors';
import { renderMarkdown } from './markdown';
import { confusionPlot, coveragePlot, reliabilityPlot } from './plots';
import type { EvaluationReport } from './report';

/**
 * Writes report.json, report.md and the plots beside whatever is in the folder.
 * @throws CONFIG_INVALID when the folder cannot be written
 */
export const writeReport = async (folder: string, report: EvaluationReport): Promise<void> => {
  const files = {
    'report.json': `${JSON.stringify(report, null, 2)}\n`,
    'report.md': [
      ...renderMarkdown(report),
      '',
      ...['reliability', 'coverage', 'confusion'].map((name) => `![${name}](${name}.svg)`),
      '',
    ].join('\n'),
    'reliability.svg': reliabilityPlot(report),
    'coverage.svg': coveragePlot(report),
    'confusion.svg': confusionPlot(report.model.labels, report),
  };
  try {
    await mkdir(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  } catch (cause) {
    throw new SulcusError('CONFIG_INVALID', 'expected a folder that can be written for --out', { cause });
  }
};
