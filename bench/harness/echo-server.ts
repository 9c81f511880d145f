import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerParent } from './child.js';

/** The floor: reads a JSON body, answers a JSON body, does nothing else. Everything is a ratio to it. */
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = JSON.parse(Buffer.concat(chunks).toString()) as { credential: string };
    const answer = JSON.stringify({
      lease: { credential: body.credential },
      secret: { password: 'x'.repeat(24) },
    });
    response.writeHead(201, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(answer),
    });
    response.end(answer);
  });
});
server.listen(0, '127.0.0.1', () => answerParent((server.address() as AddressInfo).port));
