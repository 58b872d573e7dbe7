export { COMPILE_STEPS, type CompileOptions, type CompileStep, compileModel } from './compile-model';
export { requireNames } from './describe-bundle';
export { PROBE_IMAGES, type ProbeImages } from './probe-images';
export { type ReplaceHeadOptions, replaceHead } from './replace-head';
