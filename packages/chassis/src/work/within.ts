/**
 * Waits for work that goes on whether or not anybody waits for it, such as work that others share. To abort the work itself, use `withTimeout`.
 *
 * @param tooLate makes the error
 * @returns what the work returns
 * @throws the error of the work; or `tooLate` after `ms`
 */
export async function within<T>(ms: number, work: Promise<T>, tooLate: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(tooLate()), ms);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
