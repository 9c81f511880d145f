import { place } from '../place.js';
import { signIn } from '../session.js';

const problems: Record<string, string> = {
  sign_in: 'The sign-in did not succeed. The log of the broker has the reason.',
  role: 'You are signed in at your identity provider, but no rule of the broker makes you an operator.',
  link: 'This link holds no longer. A new one has been printed where the sandbox runs.',
  no_way_in: 'No way to sign in is set up: console.oidc in the settings (docs/console.md).',
};

export function SignedOut() {
  const problem = place.value.query.get('problem');
  return (
    <main class="signed-out">
      <h1 tabIndex={-1}>Protem</h1>
      <p>Just-in-time credentials for agents, taken back when the task ends.</p>
      {problem !== null && (
        <p class="note note-bad" role="alert">
          {problems[problem] ?? problems['sign_in']}
        </p>
      )}
      <button type="button" class="main" onClick={signIn}>
        Sign in
      </button>
    </main>
  );
}
