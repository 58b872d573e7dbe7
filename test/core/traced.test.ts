import { traced } from '../../lib/core/traced';

const createPort = () => {
  const port = {
    name: 'port',
    read: async (from: string, count: number): Promise<string> => from.repeat(count),
    remove: async (): Promise<void> => {
      throw new Error('expected');
    },
    list: async (): Promise<string[]> => ['a'],
  };
  return port;
};

const createTraceRecorder = () => {
  const parts: string[] = [];
  const trace = async <Result>(name: string, work: () => Promise<Result>): Promise<Result> => {
    parts.push(name);
    return work();
  };
  return { parts, trace };
};

describe('a traced port', () => {
  it('answers as the port does, and shows the parts that have a name', async () => {
    const { parts, trace } = createTraceRecorder();
    const port = traced(trace, createPort(), { read: 'read scan', remove: 'remove scan' });

    expect(await port.read('a', 3)).toBe('aaa');
    expect(await port.list()).toEqual(['a']);
    await expect(port.remove()).rejects.toThrow('expected');

    expect(parts).toEqual(['read scan', 'remove scan']);
    expect(port.name).toBe('port');
  });
});
