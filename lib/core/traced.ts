import type { ResultStore, Trace } from './ports';
import type { RunModelDeps } from './run-model';

type Work = (...args: never[]) => Promise<unknown>;
type Parts<Port> = { readonly [Name in keyof Port as Port[Name] extends Work ? Name : never]?: string };

/**
 * A port some of whose methods show in traces.
 * @param parts what each of them is called there, by method
 */
export const traced = <Port extends object>(trace: Trace, port: Port, parts: Parts<Port>): Port => {
  const methods = Object.entries(parts) as [keyof Port, string][];
  const replaced = methods.map(([method, name]) => {
    const work = port[method] as Work;
    return [method, (...args: never[]) => trace(name, () => work.apply(port, args))] as const;
  });
  return { ...port, ...Object.fromEntries(replaced) };
};

/** Where the time of a scan goes: decoding, the forward pass. */
export const tracedModel = (trace: Trace, { decoder, model }: RunModelDeps): RunModelDeps => ({
  decoder: traced(trace, decoder, { decode: 'decode' }),
  model: async () => traced(trace, await model(), { run: 'infer' }),
});

/** And waiting for its store. */
export const tracedResults = (trace: Trace, results: ResultStore): ResultStore =>
  traced(trace, results, {
    get: 'get result',
    createOnce: 'store result',
    recordEvent: 'store result',
    replace: 'store result',
  });
