import { SingleBar } from 'cli-progress';

/** What a command prints through; tests give recorders. */
export interface Output {
  /** A line of the command's result, on stdout. */
  line(text: string): void;
  /** A line for the person at the terminal, on stderr. */
  note(text: string): void;
  /** A progress bar on stderr when that is a terminal, nothing otherwise. */
  progress(total: number): { advance(): void; stop(): void };
}

export const createTerminalOutput = (): Output => {
  // A reader that closes the pipe early (`| head`) has had enough: not an error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    line: (text) => process.stdout.write(`${text}\n`),
    note: (text) => process.stderr.write(`${text}\n`),
    progress: (total) => {
      if (!process.stderr.isTTY || total < 2) return { advance: () => {}, stop: () => {} };
      const bar = new SingleBar({
        format: '{bar} {value}/{total} scans, {eta_formatted} left',
        stream: process.stderr,
        clearOnComplete: true,
        hideCursor: true,
      });
      bar.start(total, 0);
      return { advance: () => bar.increment(), stop: () => bar.stop() };
    },
  };
};

/** Columns padded to their widest cell; the last one runs free. */
export const renderTable = (rows: readonly (readonly string[])[]): string[] => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
};
