import type { Backends } from './start-backends.js';

export default async function stopBackends(): Promise<void> {
  await (globalThis as { backends?: Backends }).backends?.stop();
}
