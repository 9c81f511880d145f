/** One page, and the opaque token of the next. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextPageToken?: string;
}

export interface PageQuery {
  readonly pageSize: number;
  readonly pageToken?: string;
}
