/** Counts the jobs that workers say they have completed. */
export function countCompletions(): { count: () => number; onLine: (source: string, line: string) => void } {
  let completed = 0;
  return {
    count: () => completed,
    onLine(_source, line) {
      if (line.includes('Completed task')) completed += 1;
    },
  };
}
