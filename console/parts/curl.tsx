/** The same by hand; the token is for whoever types it to have. */
export const Curl = ({ path }: { path: string }) => (
  <details>
    <summary>The same with curl</summary>
    <pre>{`curl -s ${location.origin}${path} -H "Authorization: Bearer $OPERATOR"`}</pre>
  </details>
);
