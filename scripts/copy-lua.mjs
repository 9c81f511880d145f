// tsc emits only JavaScript; the Redis scripts travel beside the code that loads them.
import { cpSync } from 'node:fs';

const target = process.argv[2];
cpSync('src/ledger/scripts', `${target}/ledger/scripts`, { recursive: true });
