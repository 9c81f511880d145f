export interface FaultKind {
  /** HTTP status of the answer. */
  readonly status: number;
  readonly title: string;
  /** Whether the same request may succeed later without being changed. */
  readonly retry: boolean;
  /** What the caller can do about it. */
  readonly remedy: string;
}
