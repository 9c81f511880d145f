import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerParent } from './child.js';

/** A provider's revocation endpoint on loopback: reads the request, answers 204. */
const server = createServer((request, response) => {
  request.resume().on('end', () => response.writeHead(204).end());
});
server.listen(0, '127.0.0.1', () => answerParent((server.address() as AddressInfo).port));
