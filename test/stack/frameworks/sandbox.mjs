import { ProtemClient } from '../../../build/src/sdk/index.js';

const { PROTEM_URL: url, PROTEM_TOKEN: token, SANDBOX_DATABASE: database } = process.env;

export const protem = new ProtemClient({ url, token, releaseOnExit: false });

/** What the database answers to the credential: 200, or 401. */
export async function tried({ username, password }) {
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  return (await fetch(database, { headers: { authorization } })).status;
}

/** For the test that has started this program. */
export const tell = (what) => console.log(JSON.stringify(what));
