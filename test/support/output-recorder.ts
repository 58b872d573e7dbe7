import type { Output } from '../../lib/cli/output';

/** An Output that keeps what a command prints. */
export const recordOutput = (): Output & { readonly lines: string[]; readonly notes: string[] } => {
  const lines: string[] = [];
  const notes: string[] = [];
  return {
    lines,
    notes,
    line: (text) => lines.push(text),
    note: (text) => notes.push(text),
    progress: () => ({ advance: () => {}, stop: () => {} }),
  };
};
