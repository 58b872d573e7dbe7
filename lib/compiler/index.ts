export { COMPILE_STEPS, type CompileOptions, type CompileStep, compileModel } from './compile-model';
