import { openbaoProgram, startOpenBao, type OpenBao } from './openbao.js';
import { postgresPrograms, startPostgres, type Postgres } from './postgres.js';
import { canRun } from './program.js';
import { seedOpenBao } from './seed.js';

export const openbaoCanRun = (what: string): boolean =>
  canRun(what, { bao: openbaoProgram(), ...postgresPrograms() });

export interface SeededOpenBao {
  readonly openbao: OpenBao;
  readonly postgres: Postgres;
  close(): Promise<void>;
}

/** An OpenBao with what `seedOpenBao` puts into it, and the PostgreSQL behind it. */
export async function startSeededOpenBao(): Promise<SeededOpenBao> {
  const [openbao, postgres] = await Promise.all([
    startOpenBao(openbaoProgram()!),
    startPostgres(postgresPrograms()),
  ]);
  await seedOpenBao(openbao, postgres);
  return {
    openbao,
    postgres,
    async close() {
      await openbao.close();
      await postgres.close();
    },
  };
}
