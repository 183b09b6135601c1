import { type IdGenerator, RandomIdGenerator } from '@opentelemetry/sdk-trace-base';

/** Random ids, but for spans whose id was known before they began. */
export class Ids implements IdGenerator {
  private readonly random = new RandomIdGenerator();
  private next: string | undefined;

  readonly generateTraceId = () => this.random.generateTraceId();
  readonly generateSpanId = () => this.next ?? this.random.generateSpanId();

  /** The span that `start` begins has this id; without one, a random one. */
  using<T>(spanId: string | undefined, start: () => T): T {
    this.next = spanId;
    try {
      return start();
    } finally {
      this.next = undefined;
    }
  }
}
