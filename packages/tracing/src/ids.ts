import { type IdGenerator, RandomIdGenerator } from '@opentelemetry/sdk-trace-base';

/** Random ids, except for spans whose id was known before they began. */
export class Ids implements IdGenerator {
  private readonly random = new RandomIdGenerator();
  private next: string | undefined;

  readonly generateTraceId = () => this.random.generateTraceId();
  readonly generateSpanId = () => this.next ?? this.random.generateSpanId();

  /** The span begun by `start` gets this id; without one, a random id. */
  using<T>(spanId: string | undefined, start: () => T): T {
    this.next = spanId;
    try {
      return start();
    } finally {
      this.next = undefined;
    }
  }
}
