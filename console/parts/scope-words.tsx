import { Words } from './text.jsx';

/** What is stopped, or was revoked together. */
export const ScopeWords = ({ of, name }: { of: string; name: string }) =>
  of === 'all' ? (
    <>Everything</>
  ) : (
    <>
      {of} <Words text={name} />
    </>
  );
