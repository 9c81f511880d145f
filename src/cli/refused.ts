/** What the broker refused, in the words of its problem; `status` is that of HTTP. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
