import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Nanoseconds that each thread of the process has run. */
const runTimes = (pid: number): Map<string, number> => {
  const folder = `/proc/${pid}/task`;
  return new Map(
    readdirSync(folder).map((thread) => [
      thread,
      Number(readFileSync(`${folder}/${thread}/schedstat`, 'utf8').split(' ')[0]),
    ]),
  );
};

/**
 * Pins the threads that `work` keeps busiest to one CPU each. A scheduler may wake a second thread on the CPU of the first
 * and leave both there for a forward pass (kernels of virtual machines that pack threads on few vCPUs do): the time is then
 * that of one thread or two by chance. OpenVINO pins its own; here everybody's are.
 */
export const spreadThreads = async (
  pid: number,
  cpus: readonly number[],
  work: () => Promise<unknown>,
): Promise<void> => {
  const before = runTimes(pid);
  await work();
  const busiest = [...runTimes(pid)]
    .map(([thread, time]) => ({ thread, time: time - (before.get(thread) ?? 0) }))
    .sort((a, b) => b.time - a.time);
  for (const [index, cpu] of cpus.entries()) {
    const thread = busiest[index]?.thread;
    if (thread !== undefined) spawnSync('taskset', ['-pc', String(cpu), thread]);
  }
};
