import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly vcpus: number;
  readonly memoryGigabytes: number;
  readonly instructions: readonly string[];
  readonly platform: string;
}

const readCpuInfo = (): string => {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
};

/** The instruction sets that decide how fast 8-bit products are. */
const TELLING = ['avx2', 'avx_vnni', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'amx_int8', 'asimddp', 'i8mm'];

/** The CPU by name and, as clouds hide names, by family and model. */
export const describeMachine = (): Machine => {
  const text = readCpuInfo();
  const field = (name: string): string | undefined => new RegExp(`^${name}\\s*: (.+)$`, 'm').exec(text)?.[1];
  const flags = (field('flags') ?? field('Features') ?? '').split(' ');
  const identity =
    field('cpu family') && ` (family ${field('cpu family')}, model ${field('model')}, stepping ${field('stepping')})`;
  return {
    cpu: `${cpus()[0]?.model.trim() ?? 'unknown CPU'}${identity ?? ''}`,
    vcpus: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 1e9),
    instructions: TELLING.filter((name) => flags.includes(name)),
    platform: `${process.platform} ${process.arch}`,
  };
};
