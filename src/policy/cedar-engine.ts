import v8 from 'node:v8';
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';

// Without this, V8 of Node 20 and 22 may abort the whole process: a hot JavaScript caller with an inlined call into
// WebAssembly is deoptimised while it is inside that call. It has to be set before the calls get hot, and NODE_OPTIONS
// does not take it.
v8.setFlagsFromString('--no-turbo-inline-js-wasm-calls');

export { cedar };
