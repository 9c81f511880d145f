import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** The network between a client and a TCP server on loopback, which can fail as networks do. */
export interface Wire {
  readonly port: number;
  /** Connections that exist now never say anything again, in either direction, and are not closed. New ones work. */
  silence(): void;
  /** From the first bytes to the server on that this is true of, its answers no longer arrive. */
  loseAnswers(from: (asked: string) => boolean): void;
  /** New connections go there; those that exist stay where they are. */
  lead(toPort: number): void;
  /** Closes every connection, and refuses new ones. */
  cut(): void;
  /** Takes connections again. */
  mend(): void;
  close(): Promise<void>;
}

export async function startWire(firstPort: number): Promise<Wire> {
  type Pair = { client: Socket; server: Socket };
  const pairs = new Set<Pair>();
  let targetPort = firstPort;
  let isCut = false;
  let losesFrom: ((asked: string) => boolean) | undefined;
  let losesAnswers = false;
  const listener = createServer((client) => {
    if (isCut) return client.destroy();
    const server = connect(targetPort, '127.0.0.1');
    const pair = { client, server };
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.on('error', end).on('close', end);
    client.on('data', (bytes) => {
      if (!pairs.has(pair)) return;
      losesAnswers ||= losesFrom?.(bytes.toString('latin1')) ?? false;
      server.write(bytes);
    });
    server.on('data', (bytes) => void (pairs.has(pair) && !losesAnswers && client.write(bytes)));
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const silent: Pair[] = [];
  return {
    port: (listener.address() as AddressInfo).port,
    silence() {
      silent.push(...pairs);
      pairs.clear();
    },
    lead: (toPort) => void (targetPort = toPort),
    loseAnswers: (from) => void (losesFrom = from),
    cut() {
      isCut = true;
      for (const { client } of pairs) client.destroy();
    },
    mend() {
      isCut = false;
      losesFrom = undefined;
      losesAnswers = false;
    },
    async close() {
      for (const { client, server } of [...pairs, ...silent]) {
        client.destroy();
        server.destroy();
      }
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
