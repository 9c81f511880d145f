import type { PageQuery } from '../../ledger/ledger.js';

/** The page that a list's query asks for. */
export const pageOf = (query: {
  readonly page_size: number;
  readonly page_token?: string | undefined;
}): PageQuery => ({
  pageSize: query.page_size,
  ...(query.page_token !== undefined && { pageToken: query.page_token }),
});
